#compdef @NAMES@
# Completion for zsh. Put this into ~/.zshrc, after compinit:  eval "$(keyturn completion zsh)"

_keyturn() {
  local -a lines values shown before
  local line kind
  before=("${(@Q)words[2,CURRENT - 1]}")
  # The function of shell-init takes what this command takes.
  if [[ $words[1] == kt ]]; then before=(shell-env $before); fi
  lines=("${(@f)$(command @CALL@ __complete zsh "=${(Q)PREFIX}" "${before[@]}" 2>/dev/null </dev/null)}")
  kind=$lines[1]
  shift lines
  case $kind in
    candidates)
      for line in $lines; do
        values+=("${line%%$'\t'*}")
        shown+=("${line%%$'\t'*}${${line#*$'\t'}:+  -- ${line#*$'\t'}}")
      done
      if (( $#values )); then
        if [[ -n ${(j::)lines//*$'\t'/} ]]; then
          compadd -l -V keyturn -d shown -a values
        else
          compadd -V keyturn -a values
        fi
      fi
      ;;
    directories)
      compset -P '*='
      _files -/
      ;;
    command\ *)
      words=("${(@)words[${kind#command } + 2, -1]}")
      (( CURRENT -= ${kind#command } + 1 ))
      _normal
      ;;
  esac
}

if (( $+functions[compdef] )); then
  compdef _keyturn @NAMES@
  # Where aliases are completed as what they are (the default), the alias of aws-vault needs nothing; elsewhere it does.
  if (( $+aliases[aws-vault] )); then compdef _keyturn aws-vault; fi
fi
# As a file of $fpath this is the function's first call.
if [[ $funcstack[1] == _keyturn ]]; then _keyturn "$@"; fi
