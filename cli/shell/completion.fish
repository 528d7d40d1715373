# Completion for fish. Put this into ~/.config/fish/config.fish:  keyturn completion fish | source

function __keyturn_complete
    set -l before (commandline -opc)
    # The function of shell-init takes what this command takes.
    test "$before[1]" = kt; and set before kt shell-env $before[2..-1]
    set -l typed (commandline -ct)
    set -l lines (command @CALL@ __complete fish "="(string unescape -- $typed; or echo $typed) $before[2..-1] 2>/dev/null </dev/null)
    switch "$lines[1]"
        case candidates
            string join \n -- $lines[2..-1]
        case directories
            # An empty list would take what is joined to it away.
            set -l flag (string match -r '^--[^=]*=' -- $typed; or echo '')
            printf '%s\n' $flag(__fish_complete_directories (string replace -r '^--[^=]*=' '' -- $typed))
        case 'command *'
            # The words of the other program, as a command line of their own.
            set -l first (math (string split ' ' -- $lines[1])[2] + 2)
            set -l words (string escape -- $before[$first..-1])
            complete -C (string join ' ' -- $words $typed)
    end
end

for name in @NAMES@
    complete -c $name -f -k -a '(__keyturn_complete)'
end
