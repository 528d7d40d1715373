# Keyturn for fish. Put this at the end of ~/.config/fish/config.fish:  keyturn shell-init fish | source
#
#   kt PROFILE [flags of exec]   takes the credentials of a profile into this shell
#   kt                           those of AWS_PROFILE, or of one chosen from a list
#   kt --unset                   takes them out again and puts back what was there

set -g __kt_names @VARIABLES@

function __kt_put_back
    for name in $__kt_names
        set -l was __kt_was_$name
        set -l exported __kt_exported_$name
        set -eg $name
        if set -q $was
            if set -q $exported
                set -gx $name $$was
            else
                set -g $name $$was
            end
        end
        set -e $was $exported
    end
    set -e __kt_profile
end

function __kt_put_away
    for name in $__kt_names
        if set -qg $name
            set -g __kt_was_$name $$name
            set -qgx $name; and set -g __kt_exported_$name 1
            set -eg $name
        end
        # A universal variable stays what it is in other shells; in this one an empty value covers it.
        set -q $name; and set -gx $name ''
    end
end

# With what was there before, so that another profile's region or credentials do not count.
function __kt_ask
    if set -q __kt_profile
        for name in $__kt_names
            set -l was __kt_was_$name
            set -l exported __kt_exported_$name
            # Empty counts as not set.
            set -q $exported; and set -fx $name "$$was"; or set -fx $name ''
        end
    end
    command @CALL@ shell-env $argv
end

function kt
    switch "$argv[1]"
        case -h --help
            echo 'usage: kt [PROFILE] [--duration=DURATION] [--region=REGION] [--no-session] [--mfa-token=CODE]'
            echo '       kt --unset'
            return
        case -u --unset
            if not set -q __kt_profile
                echo 'kt: no credentials of kt are in this shell' >&2
                return 1
            end
            __kt_put_back
            return
    end
    set -l lines (__kt_ask $argv)
    or return
    set -q __kt_profile; and __kt_put_back
    __kt_put_away
    for line in $lines
        set -l pair (string split -m 1 = -- $line)
        contains -- $pair[1] $__kt_names; and set -gx $pair[1] $pair[2]
    end
    set -g __kt_profile $AWS_VAULT
end

# Sets KT_PROMPT to "[profile 52m] ", in yellow for the last ten minutes and in red after the end. Starts no process.
function __kt_prompt
    set -g KT_PROMPT ''
    test -n "$AWS_VAULT"; or return
    set -l left ''
    set -l colour cyan
    set -l time (string match -r '^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$' -- "$AWS_CREDENTIAL_EXPIRATION")
    if set -q time[7]
        # Years that begin in March, so that the leap day is the last one.
        set -l year $time[2]
        test $time[3] -le 2; and set year (math $year - 1)
        set -l days (math "$year * 365 + floor($year / 4) - floor($year / 100) + floor($year / 400)" \
            "+ floor((153 * (($time[3] + 9) % 12) + 2) / 5) + $time[4] - 719469")
        set -l seconds (math "$days * 86400 + $time[5] * 3600 + $time[6] * 60 + $time[7]" - (__kt_now))
        if test $seconds -le 0
            set left ' expired'
            set colour red
        else if test $seconds -lt 3600
            set left (math -s0 $seconds / 60)
            set left " $left"m
            test $seconds -lt 600; and set colour yellow
        else
            set left (printf ' %dh%02dm' (math -s0 $seconds / 3600) (math -s0 $seconds % 3600 / 60))
        end
    end
    # A name can hold anything; a prompt must not.
    set KT_PROMPT "["(string replace -ra '[^\p{L}\p{N}_./@:+ -]' '?' -- $AWS_VAULT)"$left] "
    test -n "$NO_COLOR"; or set KT_PROMPT (set_color $colour)$KT_PROMPT(set_color normal)
end

# fish has no clock of its own, but can tell when a file was changed, and how long ago.
if path mtime / >/dev/null 2>&1
    function __kt_now
        math (path mtime /) + (path mtime -R /)
    end
else
    function __kt_now
        date +%s
    end
end

if test @PROMPT@ = 1; and not functions -q __kt_own_prompt
    functions -q fish_prompt; or function fish_prompt; echo -n '> '; end
    functions -c fish_prompt __kt_own_prompt
    function __kt_return
        return $argv[1]
    end
    function fish_prompt
        set -l last $status
        __kt_prompt
        echo -n $KT_PROMPT
        # The prompt behind it may show how the last command ended.
        __kt_return $last
        __kt_own_prompt
    end
else if test @PROMPT@ = 0
    function __kt_on_prompt --on-event fish_prompt
        __kt_prompt
    end
end
