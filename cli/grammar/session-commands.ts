import type { Grammar } from '../args-grammar.ts';

export const sessionCommands = {
  clear: {
    help: 'Delete sessions: of one profile, or all.',
    args: { profile: { kind: 'optional', completes: 'profile', help: 'Name of the profile (default: all).' } },
    flags: {},
  },
} as const satisfies Grammar['commands'];
