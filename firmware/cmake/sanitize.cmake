# tg_sanitize(<target>): checks addresses and undefined behaviour at run time, with -DTG_SANITIZE=ON.
option(TG_SANITIZE "Check addresses and undefined behaviour at run time" OFF)

function(tg_sanitize target)
    if(TG_SANITIZE)
        set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
        target_compile_options(${target} PRIVATE ${sanitizers})
        target_link_options(${target} PRIVATE ${sanitizers})
    endif()
endfunction()
