# Completion for PowerShell. Put this into $PROFILE:  keyturn completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName @NAMES@ -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    # The function of shell-init takes what this command takes.
    $before = @(if ($commandAst.GetCommandName() -eq 'kt') { 'shell-env' })
    $elements = @($commandAst.CommandElements | Select-Object -Skip 1)
    foreach ($element in $elements) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        if ($element.Extent.StartOffset -ge $cursorPosition) { break }
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $before += $element.Value }
        else { $before += $element.Extent.Text }
    }
    # Quotes belong to what is typed, not to the name.
    $typed = $wordToComplete.Trim("'", '"')
    $lines = @(& @CALL@ __complete powershell "=$typed" @before 2>$null)
    if ($lines.Count -eq 0) { return }
    $kind = $lines[0]
    if ($kind -like 'command *') {
        # The program's own completion, on what stands from its name on.
        $index = [int]$kind.Substring(8)
        if ($index -ge $elements.Count) {
            [System.Management.Automation.CompletionCompleters]::CompleteCommand($wordToComplete)
            return
        }
        $start = $elements[$index].Extent.StartOffset - $commandAst.Extent.StartOffset
        $text = $commandAst.Extent.Text.Substring($start)
        $length = [Math]::Max($text.Length, $cursorPosition - $commandAst.Extent.StartOffset - $start)
        (TabExpansion2 -inputScript $text.PadRight($length) -cursorColumn $length).CompletionMatches
        return
    }
    if ($kind -eq 'directories') {
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($typed)
        return
    }
    foreach ($line in $lines[1..($lines.Count)]) {
        if (-not $line) { continue }
        $value, $description = $line -split "`t", 2
        # As a word of PowerShell: in single quotes if it has anything but plain letters.
        $text = if ($value -match '^[\w./@:=+-]+$') { $value } else { "'" + $value.Replace("'", "''") + "'" }
        $tip = if ($description) { $description } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $tip)
    }
}
