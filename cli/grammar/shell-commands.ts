import type { Grammar } from '../args-grammar.ts';
import { currentProfile, duration, mfaToken, noSession, region, stdout } from './flags.ts';

const shell = {
  kind: 'optional',
  completes: ['bash', 'zsh', 'fish', 'powershell'],
  help: 'bash, zsh, fish or powershell (default: the one of $SHELL).',
} as const;

export const shellCommands = {
  status: {
    help: 'Show what this shell has, the cached sessions, and how long they last.',
    args: {},
    flags: { json: { kind: 'boolean', help: 'As JSON, for programs.' } },
  },
  'shell-init': {
    help: 'Print functions for your shell: kt, which takes credentials into it, and a prompt.',
    details:
      'Put into ~/.bashrc: eval "$(keyturn shell-init bash)", or what the printed text says for another shell. Then kt work ' +
      'takes the credentials of work into the current shell, and kt --unset takes them out again.',
    args: { shell },
    flags: {
      segment: {
        kind: 'boolean',
        default: true,
        help: 'Show profile and time left in the prompt (default: yes; else only in $KT_PROMPT).',
      },
    },
  },
  completion: {
    help: 'Print a completion script for your shell.',
    details: 'For bash, put into ~/.bashrc: eval "$(keyturn completion bash)".',
    args: { shell },
    flags: {},
  },
  version: { help: 'Print the version.', args: {}, flags: {} },
  // What the function of shell-init reads: a variable a line, never evaluated.
  'shell-env': {
    help: 'Print what a shell is to have in its environment for a profile.',
    hidden: true,
    settingsOf: 'exec',
    args: { profile: currentProfile },
    flags: { duration, noSession, region, mfaToken, stdout },
  },
} as const satisfies Grammar['commands'];
