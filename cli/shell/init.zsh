# Keyturn for zsh. Put this at the end of ~/.zshrc:  eval "$(keyturn shell-init zsh)"
#
#   kt PROFILE [flags of exec]   takes the credentials of a profile into this shell
#   kt                           those of AWS_PROFILE, or of one chosen from a list
#   kt --unset                   takes them out again and puts back what was there

zmodload zsh/datetime zsh/parameter
typeset -ga _kt_names=(@VARIABLES@)
typeset -gA _kt_was _kt_exported

_kt_put_back() {
  emulate -L zsh
  local name
  for name in $_kt_names; do
    unset $name
    if (( $+_kt_was[$name] )); then
      typeset -g $name=$_kt_was[$name]
      if (( $+_kt_exported[$name] )); then export $name; fi
    fi
  done
}

_kt_put_away() {
  emulate -L zsh
  local name
  _kt_was=() _kt_exported=()
  for name in $_kt_names; do
    if (( $+parameters[$name] )); then
      _kt_was[$name]=${(P)name}
      if [[ $parameters[$name] == *export* ]]; then _kt_exported[$name]=1; fi
      unset $name
    fi
  done
}

kt() {
  emulate -L zsh
  case ${1-} in
    -h | --help)
      print -r -- 'usage: kt [PROFILE] [--duration=DURATION] [--region=REGION] [--no-session] [--mfa-token=CODE]'
      print -r -- '       kt --unset'
      return
      ;;
    -u | --unset)
      if (( ! $+_kt_profile )); then
        print -ru2 -- 'kt: no credentials of kt are in this shell'
        return 1
      fi
      _kt_put_back
      unset _kt_profile
      _kt_was=() _kt_exported=()
      return
      ;;
  esac
  local lines line name
  # With what was there before, so that another profile's region or credentials do not count.
  lines=$(if (( $+_kt_profile )); then _kt_put_back; fi; command @CALL@ shell-env "$@") || return
  if (( $+_kt_profile )); then _kt_put_back; fi
  _kt_put_away
  for line in "${(@f)lines}"; do
    name=${line%%=*}
    if (( $_kt_names[(Ie)$name] )); then typeset -gx $name=${line#*=}; fi
  done
  typeset -g _kt_profile=$AWS_VAULT
}

# Sets KT_PROMPT to "[profile 52m] ", in yellow for the last ten minutes and in red after the end. Starts no process.
_kt_prompt() {
  emulate -L zsh
  local name=${AWS_VAULT-} left= colour=cyan
  typeset -g KT_PROMPT=
  if [[ -n $name ]]; then
    if [[ ${AWS_CREDENTIAL_EXPIRATION-} =~ '^([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})Z$' ]]; then
      integer month=$(( 10#$match[2] )) day=$(( 10#$match[3] )) year days seconds
      # Years that begin in March, so that the leap day is the last one.
      year=$(( 10#$match[1] - (month <= 2) ))
      days=$(( year * 365 + year / 4 - year / 100 + year / 400 + (153 * ((month + 9) % 12) + 2) / 5 + day - 719469 ))
      seconds=$(( days * 86400 + 10#$match[4] * 3600 + 10#$match[5] * 60 + 10#$match[6] - EPOCHSECONDS ))
      if (( seconds <= 0 )); then
        left=' expired' colour=red
      elif (( seconds < 3600 )); then
        left=" $(( seconds / 60 ))m"
        if (( seconds < 600 )); then colour=yellow; fi
      else
        left=" $(( seconds / 3600 ))h${(l:2::0:)$(( seconds % 3600 / 60 ))}m"
      fi
    fi
    # A name can hold anything; a prompt must not.
    KT_PROMPT="[${name//[^[:alnum:]._\/@:+ -]/?}$left] "
    if [[ -z ${NO_COLOR-} ]]; then KT_PROMPT="%F{$colour}$KT_PROMPT%f"; fi
  fi
  if (( @PROMPT@ )); then
    PROMPT=$KT_PROMPT${PROMPT#"${_kt_shown-}"}
    typeset -g _kt_shown=$KT_PROMPT
  fi
}

# Last, after what other things do to the prompt.
typeset -ga precmd_functions
precmd_functions=(${precmd_functions:#_kt_prompt} _kt_prompt)
