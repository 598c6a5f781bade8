# Asks jit for words. bash splits words at `=` and `:`; jit is asked with them whole, and gives back what is left to type.
_jit() {
    local IFS=$'\013' typed=$2 words=() index=-1 word i
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)) && [[ $word != [=:] ]]; then
            word=$typed
        fi
        if ((i > 0)) && [[ $word == [=:] || ${COMP_WORDS[i - 1]} == [=:] ]]; then
            words[index]+=$word
        else
            words[++index]=$word
        fi
    done
    local before=${words[index]%"$typed"}
    if ! COMPREPLY=($(_CLAP_IFS="$IFS" _CLAP_COMPLETE_INDEX="$index" COMPLETE=bash jit -- "${words[@]}" 2>/dev/null)); then
        COMPREPLY=()
    fi
    COMPREPLY=("${COMPREPLY[@]#"$before"}")
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == *[=/:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o nosort -F _jit jit 2>/dev/null || complete -o bashdefault -F _jit jit
