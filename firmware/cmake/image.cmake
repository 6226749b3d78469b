# Core and binding for a processor alone, to be run in an instruction-set emulator: core-<processor>.elf.
include(binding/sources.cmake)
list(TRANSFORM TG_BINDING_SOURCES PREPEND binding/)

add_executable(image ${TG_CORE_SOURCES} ${TG_BINDING_SOURCES} boards/common/mem.c)
tg_cross(image ${TG_IMAGE_CPU} ${CMAKE_CURRENT_SOURCE_DIR}/boards/common/image.ld)
set_target_properties(image PROPERTIES OUTPUT_NAME core-${TG_IMAGE_CPU})
target_link_options(image PRIVATE -Wl,--entry=tg_bind_version)
