# What holds for all our code: standard, warnings, speed, and no trace of the machine it was built on.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_C_FLAGS_RELEASE "-O2")

add_library(tg_code INTERFACE)
target_include_directories(tg_code INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/core)
if(NOT MSVC)
    target_compile_options(tg_code INTERFACE
        -Wall -Wextra -Wconversion
        -ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=firmware
        -ffile-prefix-map=${CMAKE_CURRENT_BINARY_DIR}=build
    )
endif()

# Only where the time is spent is speed worth its flash.
set(TG_FAST_SOURCES
    core/kernels/tg_gemm_plain.c)
if(NOT MSVC)
    set(small_sources ${TG_CORE_SOURCES})
    list(REMOVE_ITEM small_sources ${TG_FAST_SOURCES})
    set_source_files_properties(${small_sources} PROPERTIES COMPILE_OPTIONS -Os)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    # Instructions put into another order are longer ones, and no faster on processors that do one after the other.
    set(small "-Os;-fno-schedule-insns2")
    set_source_files_properties(${small_sources} PROPERTIES COMPILE_OPTIONS "${small}")
    # Values computed ahead of a loop cost code and stack: not where hardly any time is spent, nor around loops in
    # assembly.
    list(FILTER small_sources EXCLUDE REGEX "/kernels/|tg_quant")
    list(APPEND small_sources
        core/kernels/conv_2d.c
        core/kernels/depthwise_conv_2d.c
        core/kernels/depthwise_dsp.c
        core/kernels/elementwise.c
        core/kernels/pool_2d.c
        core/kernels/reduce.c
        core/kernels/tg_conv.c
        core/kernels/tg_gemm_dsp.c)
    set_source_files_properties(${small_sources} PROPERTIES COMPILE_OPTIONS
        "${small};-fno-tree-loop-im;-fno-move-loop-invariants")
    # Three arrays and one index.
    set_source_files_properties(core/kernels/softmax.c PROPERTIES COMPILE_OPTIONS "${small};-fno-ivopts")
    # A long way that is mostly taken straight on.
    set_source_files_properties(core/tg_file.c PROPERTIES COMPILE_OPTIONS
        "-O2;-fno-schedule-insns2;-fno-tree-pre;-fno-reorder-blocks")
endif()
