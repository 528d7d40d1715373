import { variable } from '../../native-host/settings.ts';

/** The exit status of the script below for the person's Cancel. */
export const WINDOWS_CANCELLED = 3;

type Question = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly message: string;
  readonly mfaSerial: string;
  readonly title: string;
};

/**
 * Shows the system's own credential window and prints what was typed into its password field. All that differs from call to
 * call comes in by variables, so nothing is ever quoted into a command line or a script. The flags: a dialog in any case
 * (0x80) for a credential of ours (0x40000), whose name cannot be edited (0x100000), and which Windows does not keep (0x2).
 * @see https://learn.microsoft.com/windows/win32/api/wincred/nf-wincred-creduipromptforcredentialsw
 */
const SCRIPT = `
$ErrorActionPreference = 'Stop'
Add-Type -TypeDefinition @'
using System;
using System.Runtime.InteropServices;
using System.Text;
public static class KeyturnPrompt {
  [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
  public struct UiInfo {
    public int Size;
    public IntPtr Parent;
    public string Message;
    public string Caption;
    public IntPtr Banner;
  }
  [DllImport("credui.dll", CharSet = CharSet.Unicode, EntryPoint = "CredUIPromptForCredentialsW")]
  public static extern int Ask(ref UiInfo ui, string target, IntPtr reserved, int error,
    StringBuilder user, int maxUser, StringBuilder password, int maxPassword, ref bool save, int flags);
}
'@
$ui = New-Object KeyturnPrompt+UiInfo
$ui.Size = [Runtime.InteropServices.Marshal]::SizeOf([type][KeyturnPrompt+UiInfo])
$ui.Message = $env:KEYTURN_PROMPT_MESSAGE
$ui.Caption = $env:KEYTURN_PROMPT_TITLE
$user = New-Object Text.StringBuilder 514
[void]$user.Append($env:KEYTURN_PROMPT_USER)
$code = New-Object Text.StringBuilder 257
$save = $false
$result = [KeyturnPrompt]::Ask([ref]$ui, 'keyturn-mfa', [IntPtr]::Zero, 0, $user, 514, $code, 257, [ref]$save, 0x140082)
if ($result -eq 1223) { exit ${WINDOWS_CANCELLED} }
if ($result -ne 0) { [Console]::Error.WriteLine("CredUIPromptForCredentialsW: error $result"); exit 1 }
[Console]::Out.Write($code.ToString())
`;

// The window shows so much of each; longer texts are an error of the call (CREDUI_MAX_MESSAGE_LENGTH and others).
const MAX_MESSAGE = 1000;
const MAX_TITLE = 127;
const MAX_USER = 256;

/** How the window is opened: PowerShell, which every Windows has, with the script as its own kind of base64. */
export const windowsPrompt = {
  words({ env }: Question): readonly [string, ...string[]] {
    const root = variable(env, 'SystemRoot') ?? variable(env, 'SYSTEMROOT') ?? 'C:\\Windows';
    // By its full path: a powershell.exe of the current directory must not be asked for a code.
    const powershell = `${root}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`;
    const script = Buffer.from(SCRIPT, 'utf16le').toString('base64');
    return [powershell, '-NoLogo', '-NoProfile', '-NonInteractive', '-Sta', '-EncodedCommand', script];
  },
  variables({ message, mfaSerial, title }: Question): Readonly<Record<string, string>> {
    return {
      KEYTURN_PROMPT_MESSAGE: message.slice(0, MAX_MESSAGE),
      KEYTURN_PROMPT_TITLE: `Enter MFA code for ${title}`.slice(0, MAX_TITLE),
      KEYTURN_PROMPT_USER: mfaSerial.slice(-MAX_USER),
    };
  },
};
