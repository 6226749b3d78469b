# Compiling and linking for a bare Cortex-M, with the flags that the toolchain file holds for its processor.
if(MSVC OR NOT CMAKE_CROSSCOMPILING)
    message(FATAL_ERROR "a cross compiler is needed: -DCMAKE_TOOLCHAIN_FILE=cmake/arm-none-eabi-gcc.cmake or cmake/zig.cmake")
endif()

# mem.c holds what the compiler would otherwise turn its loops into.
set_source_files_properties(boards/common/mem.c PROPERTIES COMPILE_OPTIONS "-fno-builtin;-Os")

# tg_cross(<target> <processor> <linker script part>...): the parts are joined, as not every linker finds an
# INCLUDEd one.
function(tg_cross target cpu)
    if(NOT DEFINED TG_CPU_FLAGS_${cpu})
        message(FATAL_ERROR "the toolchain file has no flags for '${cpu}'")
    endif()
    set(flags ${TG_CPU_FLAGS_${cpu}})
    set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}.ld)
    set(text "")
    foreach(part IN LISTS ARGN)
        file(READ ${part} content)
        string(APPEND text "${content}")
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${part})
    endforeach()
    file(WRITE ${script} "${text}")

    target_link_libraries(${target} PRIVATE tg_code ${TG_COMPILER_RUNTIME})
    target_include_directories(${target} PRIVATE boards/common/include)
    target_compile_options(${target} PRIVATE
        ${flags} -ffreestanding -ffunction-sections -fdata-sections -fno-common
        -fno-unwind-tables -fno-asynchronous-unwind-tables -g0
    )
    target_link_options(${target} PRIVATE
        ${flags} ${TG_LINK_FLAGS} -T${script} -Wl,--gc-sections -Wl,--build-id=none -Wl,-z,max-page-size=4096
    )
    set_target_properties(${target} PROPERTIES SUFFIX .elf LINK_DEPENDS ${script})
endfunction()
