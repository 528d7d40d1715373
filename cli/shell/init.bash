# Keyturn for bash. Put this at the end of ~/.bashrc:  eval "$(keyturn shell-init bash)"
#
#   kt PROFILE [flags of exec]   takes the credentials of a profile into this shell
#   kt                           those of AWS_PROFILE, or of one chosen from a list
#   kt --unset                   takes them out again and puts back what was there

_kt_names=(@VARIABLES@)

# Whether kt itself put credentials into this very shell; a shell started from it only inherits them.
_kt_is_set() { [[ -n ${_kt_profile+set} && ${_kt_shell-} == "$$" ]]; }

_kt_put_back() {
  local name was
  for name in "${_kt_names[@]}"; do
    was=_kt_was_$name
    unset "$name"
    if [[ -n ${!was+set} ]]; then
      printf -v "$name" %s "${!was#?}"
      # Not with &&, whose result would end a shell with set -e.
      if [[ ${!was} == x* ]]; then export "${name?}"; else export -n "${name?}"; fi
    fi
  done
}

_kt_put_away() {
  local name attributes
  for name in "${_kt_names[@]}"; do
    unset "_kt_was_$name"
    if [[ -n ${!name+set} ]]; then
      attributes=$(declare -p "$name")
      attributes=${attributes#declare -}
      # x or -: whether programs saw it.
      if [[ ${attributes%% *} == *x* ]]; then attributes=x; else attributes=-; fi
      printf -v "_kt_was_$name" %s "$attributes${!name}"
      # Where set -a exports all.
      export -n "_kt_was_$name"
      unset "$name"
    fi
  done
}

kt() {
  case ${1-} in
    -h | --help)
      printf '%s\n' 'usage: kt [PROFILE] [--duration=DURATION] [--region=REGION] [--no-session] [--mfa-token=CODE]' \
        '       kt --unset'
      return
      ;;
    -u | --unset)
      if ! _kt_is_set; then
        printf 'kt: no credentials of kt are in this shell\n' >&2
        return 1
      fi
      _kt_put_back
      unset "${_kt_names[@]/#/_kt_was_}" _kt_profile _kt_shell
      return
      ;;
  esac
  # The names are joined by the first of IFS, whatever that is outside.
  local lines line name IFS=$' \t\n'
  # With what was there before, so that another profile's region or credentials do not count.
  lines=$(if _kt_is_set; then _kt_put_back; fi; command @CALL@ shell-env "$@") || return
  if _kt_is_set; then _kt_put_back; fi
  _kt_put_away
  # Not a here-string, which older versions of bash write to a file.
  while [[ -n $lines ]]; do
    line=${lines%%$'\n'*}
    lines=${lines#"$line"}
    lines=${lines#$'\n'}
    name=${line%%=*}
    case " ${_kt_names[*]} " in
      *" $name "*) export "$name=${line#*=}" ;;
    esac
  done
  _kt_profile=$AWS_VAULT
  _kt_shell=$$
}

# Sets KT_PROMPT to "[profile 52m] ", in yellow for the last ten minutes and in red after the end. Starts no process, but for
# the date where bash is older than 4.2.
_kt_prompt() {
  local status=$? name=${AWS_VAULT-} left= colour=36 now odd='[^[:alnum:]._/@:+ -]'
  KT_PROMPT=
  if [[ -n $name ]]; then
    if [[ ${AWS_CREDENTIAL_EXPIRATION-} =~ ^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$ ]]; then
      local month=$(( 10#${BASH_REMATCH[2]} )) day=$(( 10#${BASH_REMATCH[3]} ))
      # Years that begin in March, so that the leap day is the last one.
      local year=$(( 10#${BASH_REMATCH[1]} - (month <= 2) ))
      local days=$(( year * 365 + year / 4 - year / 100 + year / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day - 719469 ))
      local end=$(( days * 86400 + 10#${BASH_REMATCH[4]} * 3600 + 10#${BASH_REMATCH[5]} * 60 + 10#${BASH_REMATCH[6]} ))
      printf -v now '%(%s)T' -1 2>/dev/null || now=$(date +%s)
      local seconds=$(( end - now ))
      if (( seconds <= 0 )); then
        left=' expired' colour=31
      elif (( seconds < 3600 )); then
        left=" $(( seconds / 60 ))m"
        (( seconds < 600 )) && colour=33
      else
        printf -v left ' %dh%02dm' $(( seconds / 3600 )) $(( seconds % 3600 / 60 ))
      fi
    fi
    # A name can hold anything; a prompt must not.
    KT_PROMPT="[${name//$odd/?}$left] "
    [[ -n ${NO_COLOR-} ]] || KT_PROMPT=$'\001\e['"${colour}m"$'\002'"$KT_PROMPT"$'\001\e[0m\002'
  fi
  return $status
}

case ${PROMPT_COMMAND-} in
  *_kt_prompt*) ;;
  *) PROMPT_COMMAND="_kt_prompt${PROMPT_COMMAND:+; $PROMPT_COMMAND}" ;;
esac
if [[ @PROMPT@ == 1 && ${PS1-} != *'${KT_PROMPT}'* ]]; then PS1='${KT_PROMPT}'${PS1-}; fi
