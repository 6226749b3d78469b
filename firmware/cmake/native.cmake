# A board that is a process of this machine: compiled by its own compiler, for POSIX.
include(cmake/sanitize.cmake)

function(tg_native target)
    target_link_libraries(${target} PRIVATE tg_code)
    target_compile_definitions(${target} PRIVATE _XOPEN_SOURCE=700 _DARWIN_C_SOURCE _DEFAULT_SOURCE)
    tg_sanitize(${target})
endfunction()
