# Keyturn for PowerShell. Put this at the end of $PROFILE:
#   keyturn shell-init powershell | Out-String | Invoke-Expression
#
#   kt PROFILE [flags of exec]   takes the credentials of a profile into this shell
#   kt                           those of AWS_PROFILE, or of one chosen from a list
#   kt --unset                   takes them out again and puts back what was there

$global:KtNames = @(@VARIABLES@)
if (-not (Test-Path Variable:global:KtWas)) { $global:KtWas = $null }

function global:KtPutBack($values) {
    foreach ($name in $global:KtNames) { [Environment]::SetEnvironmentVariable($name, $values[$name], 'Process') }
}

function global:KtValues {
    $values = @{}
    foreach ($name in $global:KtNames) { $values[$name] = [Environment]::GetEnvironmentVariable($name, 'Process') }
    $values
}

function global:kt {
    $first = if ($args.Count -gt 0) { [string]$args[0] } else { '' }
    if ($first -in '-h', '--help') {
        'usage: kt [PROFILE] [--duration=DURATION] [--region=REGION] [--no-session] [--mfa-token=CODE]'
        '       kt --unset'
        return
    }
    if ($first -in '-u', '--unset') {
        if ($null -eq $global:KtWas) { Write-Error 'kt: no credentials of kt are in this shell'; return }
        KtPutBack $global:KtWas
        $global:KtWas = $null
        return
    }
    $present = KtValues
    # With what was there before, so that another profile's region or credentials do not count.
    if ($null -ne $global:KtWas) { KtPutBack $global:KtWas }
    $before = KtValues
    $lines = $null
    try {
        $lines = @(& @CALL@ shell-env @args)
        if ($LASTEXITCODE -ne 0) { $lines = $null }
    } finally {
        if ($null -eq $lines) { KtPutBack $present }
    }
    if ($null -eq $lines) { return }
    foreach ($name in $global:KtNames) { [Environment]::SetEnvironmentVariable($name, $null, 'Process') }
    foreach ($line in $lines) {
        $name, $value = $line -split '=', 2
        if ($global:KtNames -ccontains $name) { [Environment]::SetEnvironmentVariable($name, $value, 'Process') }
    }
    $global:KtWas = $before
}

# "[profile 52m] ", in yellow for the last ten minutes and in red after the end.
function global:KtPrompt {
    $global:KT_PROMPT = ''
    if (-not $env:AWS_VAULT) { return }
    $left = ''
    $colour = 36
    $end = [DateTimeOffset]::MinValue
    $styles = [Globalization.DateTimeStyles]::AssumeUniversal
    $culture = [Globalization.CultureInfo]::InvariantCulture
    if ([DateTimeOffset]::TryParse($env:AWS_CREDENTIAL_EXPIRATION, $culture, $styles, [ref]$end)) {
        $seconds = [Math]::Floor(($end - [DateTimeOffset]::UtcNow).TotalSeconds)
        if ($seconds -le 0) { $left = ' expired'; $colour = 31 }
        elseif ($seconds -lt 3600) {
            $left = ' {0}m' -f [Math]::Floor($seconds / 60)
            if ($seconds -lt 600) { $colour = 33 }
        }
        else { $left = ' {0}h{1:00}m' -f [Math]::Floor($seconds / 3600), [Math]::Floor($seconds % 3600 / 60) }
    }
    # A name can hold anything; a prompt must not.
    $text = '[' + ($env:AWS_VAULT -replace '[^\w./@:+ -]', '?') + $left + '] '
    $escape = [char]27
    $global:KT_PROMPT = if ($env:NO_COLOR) { $text } else { "$escape[${colour}m$text$escape[0m" }
}

if (@PROMPT@ -and -not (Test-Path Function:global:KtOwnPrompt)) {
    Set-Item Function:global:KtOwnPrompt (Get-Item Function:prompt).ScriptBlock
    function global:prompt {
        KtPrompt
        "$global:KT_PROMPT$(KtOwnPrompt)"
    }
}
