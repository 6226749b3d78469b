# A board's firmware: <board>.elf.
#
# boards/<board>/board.cmake sets TG_BOARD_CPU (one the toolchain files know) and TG_BOARD_SOURCES, relative to
# boards/; boards/<board>/memory.ld is the first part of its linker script.
set(TG_MODEL_DIR "" CACHE PATH "Folder of gesture_model.c and gesture_model.h")
if(NOT EXISTS ${TG_MODEL_DIR}/gesture_model.c)
    message(FATAL_ERROR "TG_MODEL_DIR: no gesture_model.c in '${TG_MODEL_DIR}'")
endif()

include(boards/${TG_BOARD}/board.cmake)
include(drivers/sources.cmake)
include(link/sources.cmake)
include(app/sources.cmake)
list(TRANSFORM TG_BOARD_SOURCES PREPEND boards/)
list(TRANSFORM TG_DRIVER_SOURCES PREPEND drivers/)
list(TRANSFORM TG_LINK_SOURCES PREPEND link/)
list(TRANSFORM TG_APP_SOURCES PREPEND app/)

# Speed is worth its flash in the kernels only.
set(plain_sources ${TG_LINK_SOURCES} ${TG_DRIVER_SOURCES} ${TG_BOARD_SOURCES} ${TG_APP_SOURCES})
set_property(SOURCE ${plain_sources} APPEND PROPERTY COMPILE_OPTIONS -Os)

add_executable(firmware
    ${TG_CORE_SOURCES} ${TG_LINK_SOURCES} ${TG_DRIVER_SOURCES} ${TG_BOARD_SOURCES} ${TG_APP_SOURCES}
    boards/common/note.c ${TG_MODEL_DIR}/gesture_model.c)
set_target_properties(firmware PROPERTIES OUTPUT_NAME ${TG_BOARD})
target_include_directories(firmware PRIVATE ${TG_MODEL_DIR})
target_compile_definitions(firmware PRIVATE TG_BOARD_NAME="${TG_BOARD}")
target_compile_options(firmware PRIVATE -ffile-prefix-map=${TG_MODEL_DIR}=model)
if(TG_BOARD_CPU STREQUAL "native")
    include(cmake/native.cmake)
    tg_native(firmware)
else()
    include(cmake/cross.cmake)
    tg_cross(firmware ${TG_BOARD_CPU}
        ${CMAKE_CURRENT_SOURCE_DIR}/boards/${TG_BOARD}/memory.ld
        ${CMAKE_CURRENT_SOURCE_DIR}/boards/common/sections.ld)
    target_link_options(firmware PRIVATE -Wl,--entry=tg_reset)
endif()
