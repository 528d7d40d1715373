import bash from './shell/completion.bash?raw';
import fish from './shell/completion.fish?raw';
import powershell from './shell/completion.ps1?raw';
import zsh from './shell/completion.zsh?raw';
import type { ShellName } from './shell-name.ts';
import { posixQuoted, powershellQuoted } from './shell-name.ts';

const TEMPLATES: Readonly<Record<ShellName, string>> = { bash, zsh, fish, powershell };

export type ScriptOptions = {
  /** Commands the completion is for. */
  readonly names: readonly string[];
  /** How the script calls this program. */
  readonly call: string;
};

/** The completion script of a shell. What is offered is asked of this program each time, so the script never grows old. */
export function completionScript(shell: ShellName, { names, call }: ScriptOptions): string {
  const quoted = shell === 'powershell' ? powershellQuoted : posixQuoted;
  const list = names.map(quoted).join(shell === 'powershell' ? ', ' : ' ');
  return TEMPLATES[shell].replaceAll('@CALL@', () => quoted(call)).replaceAll('@NAMES@', () => list);
}
