# The core for a processor alone, to be run in an instruction-set emulator: core-<processor>.elf.
#
# With TG_MODEL_DIR holding a probe.c, that file takes the place of the binding: what it keeps of the core is what an
# application with those operators pays. A probe.cpp is somebody else's C++, to be counted as it came.
set(TG_MODEL_DIR "" CACHE PATH "Folder of probe.c, or empty: core and binding")
if(TG_MODEL_DIR AND EXISTS ${TG_MODEL_DIR}/probe.cpp)
    enable_language(CXX)
    set(TG_IMAGE_SOURCES ${TG_MODEL_DIR}/probe.cpp)
    set_source_files_properties(${TG_IMAGE_SOURCES} PROPERTIES COMPILE_OPTIONS
        "-I${TG_MODEL_DIR};-O2;-w;-fno-exceptions;-fno-rtti;-fno-threadsafe-statics;-fno-math-errno;-ffp-contract=off")
elseif(TG_MODEL_DIR)
    set(TG_IMAGE_SOURCES ${TG_MODEL_DIR}/probe.c)
else()
    include(binding/sources.cmake)
    list(TRANSFORM TG_BINDING_SOURCES PREPEND binding/ OUTPUT_VARIABLE TG_IMAGE_SOURCES)
endif()

option(TG_CALL_GRAPH "Have GCC write calls and frames beside the objects" OFF)

add_executable(image ${TG_CORE_SOURCES} ${TG_IMAGE_SOURCES} boards/common/mem.c)
tg_cross(image ${TG_IMAGE_CPU} ${CMAKE_CURRENT_SOURCE_DIR}/boards/common/image.ld)
set_target_properties(image PROPERTIES OUTPUT_NAME core-${TG_IMAGE_CPU} LINKER_LANGUAGE C)
target_link_options(image PRIVATE -Wl,--entry=0)
if(TG_CALL_GRAPH)
    target_compile_options(image PRIVATE -fcallgraph-info=su)
endif()
