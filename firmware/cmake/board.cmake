# A board's firmware: <board>.elf.
#
# boards/<board>/board.cmake sets TG_BOARD_CPU (see the toolchain files) and TG_BOARD_SOURCES, relative to boards/;
# boards/<board>/memory.ld is the first part of its linker script.
set(TG_MODEL_DIR "" CACHE PATH "Folder of gesture_model.c and gesture_model.h")
if(NOT EXISTS ${TG_MODEL_DIR}/gesture_model.c)
    message(FATAL_ERROR "TG_MODEL_DIR: no gesture_model.c in '${TG_MODEL_DIR}'")
endif()

include(boards/${TG_BOARD}/board.cmake)
if(NOT DEFINED TG_CPU_FLAGS_${TG_BOARD_CPU})
    message(FATAL_ERROR "the toolchain file has no flags for ${TG_BOARD_CPU}")
endif()
set(TG_CPU_FLAGS ${TG_CPU_FLAGS_${TG_BOARD_CPU}})
include(drivers/sources.cmake)
include(app/sources.cmake)
list(TRANSFORM TG_BOARD_SOURCES PREPEND boards/)
list(TRANSFORM TG_DRIVER_SOURCES PREPEND drivers/)
list(TRANSFORM TG_APP_SOURCES PREPEND app/)

# mem.c holds what the compiler would otherwise turn its loops into.
set_source_files_properties(boards/common/mem.c PROPERTIES COMPILE_OPTIONS "-fno-builtin")

# One script, because not every linker finds INCLUDEd ones.
set(scripts ${CMAKE_CURRENT_SOURCE_DIR}/boards/${TG_BOARD}/memory.ld
    ${CMAKE_CURRENT_SOURCE_DIR}/boards/common/sections.ld)
set(TG_LINKER_SCRIPT ${CMAKE_CURRENT_BINARY_DIR}/link.ld)
file(WRITE ${TG_LINKER_SCRIPT} "")
foreach(script IN LISTS scripts)
    file(READ ${script} text)
    file(APPEND ${TG_LINKER_SCRIPT} "${text}")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${scripts})

add_executable(firmware
    ${TG_CORE_SOURCES} ${TG_DRIVER_SOURCES} ${TG_BOARD_SOURCES} ${TG_APP_SOURCES} ${TG_MODEL_DIR}/gesture_model.c)
set_target_properties(firmware PROPERTIES OUTPUT_NAME ${TG_BOARD} SUFFIX .elf LINK_DEPENDS ${TG_LINKER_SCRIPT})
target_link_libraries(firmware PRIVATE tg_code)
target_include_directories(firmware PRIVATE boards/common/include ${TG_MODEL_DIR})
target_compile_options(firmware PRIVATE
    ${TG_CPU_FLAGS} -ffreestanding -ffunction-sections -fdata-sections -fno-common -fno-unwind-tables
    -fno-asynchronous-unwind-tables -g0
    -ffile-prefix-map=${TG_MODEL_DIR}=model
)
target_link_options(firmware PRIVATE
    ${TG_CPU_FLAGS} ${TG_LINK_FLAGS}
    -T${TG_LINKER_SCRIPT} -Wl,--gc-sections -Wl,--strip-debug -Wl,--build-id=none -Wl,--entry=tg_reset
)
target_link_libraries(firmware PRIVATE ${TG_COMPILER_RUNTIME})
