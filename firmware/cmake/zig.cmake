# Zig's C compiler (clang and LLVM's linker in one program, on PyPI as `ziglang`): TG_ZIG is its path.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR arm)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TG_ZIG)
set(CMAKE_C_COMPILER ${TG_ZIG} cc)
set(CMAKE_C_FLAGS_INIT "-target thumb-freestanding-eabi")
set(CMAKE_CXX_COMPILER ${TG_ZIG} c++)
set(CMAKE_CXX_FLAGS_INIT "-target thumb-freestanding-eabi")
set(TG_CPU_FLAGS_cortex-m0 -target thumb-freestanding-eabi -mcpu=cortex_m0)
set(TG_CPU_FLAGS_cortex-m0plus -target thumb-freestanding-eabi -mcpu=cortex_m0plus)
set(TG_CPU_FLAGS_cortex-m4f -target thumb-freestanding-eabihf -mcpu=cortex_m4)
set(TG_LINK_FLAGS "") # freestanding: no C library anyway, and -nostdlib would leave out the compiler's runtime
set(TG_COMPILER_RUNTIME "")
