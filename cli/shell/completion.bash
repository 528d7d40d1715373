# Completion for bash. Put this into ~/.bashrc:  eval "$(keyturn completion bash)"

# A word as it was typed, without its quotes, into $_keyturn_text. Nothing in it is evaluated.
_keyturn_unquote() {
  local rest=$1 quote= char
  _keyturn_text=
  while [[ -n $rest ]]; do
    char=${rest:0:1} rest=${rest:1}
    if [[ $quote == "'" ]]; then
      if [[ $char == "'" ]]; then quote=; else _keyturn_text+=$char; fi
    elif [[ $char == \\ && ( -z $quote || ${rest:0:1} == [\\\"\$\`] ) ]]; then
      _keyturn_text+=${rest:0:1} rest=${rest:1}
    elif [[ -n $quote && $char == "$quote" ]]; then
      quote=
    elif [[ -z $quote && $char == [\'\"] ]]; then
      quote=$char
    else
      _keyturn_text+=$char
    fi
  done
}

# Hands over to the completion of the program that begins at COMP_WORDS[$1].
_keyturn_command() {
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$1"
    return
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$1"
    return
  fi
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} spec line i
  if (( COMP_CWORD == $1 )); then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$current")
    return
  fi
  local -a words=("${COMP_WORDS[@]:$1}")
  spec=$(complete -p -- "${words[0]##*/}" 2>/dev/null)
  # What bash prints for this can be read back by it; there is no other way to take its quotes off.
  local -a parts=()
  eval "parts=($spec)"
  local function= program= rest=$COMP_LINE
  for (( i = 0; i < ${#parts[@]} - 1; i++ )); do
    case ${parts[i]} in
      -F) function=${parts[i + 1]} ;;
      -C) program=${parts[i + 1]} ;;
    esac
  done
  # What stands before the program may have its name, such as a profile.
  for (( i = 0; i < $1; i++ )); do rest=${rest#*"${COMP_WORDS[i]}"}; done
  rest=${rest#"${rest%%[![:space:]]*}"}
  local -i point=$(( COMP_POINT - ${#COMP_LINE} + ${#rest} ))
  if [[ -n $function ]]; then
    local COMP_LINE=$rest COMP_CWORD=$(( COMP_CWORD - $1 )) COMP_POINT=$point
    local -a COMP_WORDS=("${words[@]}")
    "$function" "${words[0]}" "$current" "$previous"
  elif [[ -n $program ]]; then
    # A command of the shell's, as bash itself runs it.
    while IFS= read -r line; do
      [[ -n $line ]] && COMPREPLY+=("$line")
    done < <(COMP_LINE=$rest COMP_POINT=$point eval "$program"' "${words[0]}" "$current" "$previous"' 2>/dev/null)
  else
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
}

_keyturn() {
  # Bash has cut words at = and : too; what no blank divides is one word again.
  local rest=${COMP_LINE:0:COMP_POINT} piece blanks _keyturn_text kind line raw typed value i
  local -a words=() starts=()
  for (( i = 0; i <= COMP_CWORD; i++ )); do
    blanks=${rest%%[![:space:]]*}
    rest=${rest#"$blanks"}
    piece=${COMP_WORDS[i]}
    (( i == COMP_CWORD )) && piece=$rest
    if [[ $i -gt 0 && -z $blanks ]]; then
      words[${#words[@]} - 1]+=$piece
    else
      starts+=("$i")
      words+=("$piece")
    fi
    rest=${rest#"$piece"}
  done
  raw=${words[${#words[@]} - 1]}
  local -a before=()
  # The function of shell-init takes what this command takes.
  [[ ${words[0]} == kt ]] && before=(shell-env)
  for (( i = 1; i < ${#words[@]} - 1; i++ )); do
    _keyturn_unquote "${words[i]}"
    before+=("$_keyturn_text")
  done
  _keyturn_unquote "$raw"
  typed=$_keyturn_text
  COMPREPLY=()
  # What readline leaves as it is: all before the last = or : that is not in quotes.
  local kept= quote=
  case $raw in
    [\"\']*) quote=${raw:0:1} ;;
    *[=:]*) kept=${raw%"${raw##*[=:]}"} ;;
  esac
  while IFS= read -r line; do
    if [[ -z $kind ]]; then
      kind=$line
      continue
    fi
    value=${line%%$'\t'*}
    case $quote in
      '') printf -v value %q "$value" ;;
      \') [[ $value == *\'* ]] && continue ;;
      *) value=${value//\\/\\\\} value=${value//\"/\\\"} value=${value//\$/\\\$} value=${value//\`/\\\`} ;;
    esac
    if [[ -n $kept ]]; then
      [[ $value == "$kept"* ]] || continue
      value=${value#"$kept"}
    fi
    COMPREPLY+=("$value")
  done < <(command @CALL@ __complete bash "=$typed" ${before[@]+"${before[@]}"} 2>/dev/null </dev/null)
  case $kind in
    candidates) compopt -o nosort 2>/dev/null ;;
    directories)
      compopt -o filenames 2>/dev/null
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "${raw#*=}")
      ;;
    command\ *) _keyturn_command "${starts[${kind#command } + 1]}" ;;
  esac
}

complete -F _keyturn @NAMES@
if alias aws-vault >/dev/null 2>&1; then complete -F _keyturn aws-vault; fi
