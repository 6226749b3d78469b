# The host library: core and flat functions for Python, loaded by gesture_tools.runtime.
include(cmake/sanitize.cmake)

include(binding/sources.cmake)
include(link/sources.cmake)
list(TRANSFORM TG_BINDING_SOURCES PREPEND binding/)
list(TRANSFORM TG_LINK_SOURCES PREPEND link/)

add_library(_core MODULE
    ${TG_CORE_SOURCES} ${TG_LINK_SOURCES} ${TG_BINDING_SOURCES} binding/tg_link_binding.c
    drivers/tg_accel.c)
target_link_libraries(_core PRIVATE tg_code)
set_target_properties(_core PROPERTIES PREFIX "" WINDOWS_EXPORT_ALL_SYMBOLS ON)
if(WIN32)
    set_target_properties(_core PROPERTIES SUFFIX ".pyd")
else()
    set_target_properties(_core PROPERTIES SUFFIX ".so")
endif()
tg_sanitize(_core)

if(SKBUILD)
    install(TARGETS _core DESTINATION gesture_tools)
    # `gesture build` of the installed package compiles these.
    install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/ DESTINATION gesture_tools/firmware
        FILES_MATCHING PATTERN "*.c" PATTERN "*.h" PATTERN "*.ld" PATTERN "*.cmake" PATTERN "*.toml" PATTERN "CMakeLists.txt")
endif()
