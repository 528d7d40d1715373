import type { Grammar } from '../args-grammar.ts';

/** Flags of `exec` that give a program a server of credentials in place of the credentials themselves. */
export const serverFlags = {
  server: { kind: 'boolean', short: 's', help: 'The same as --ecs-server.' },
  ecsServer: {
    kind: 'boolean',
    help: 'Serve the credentials to the program as ECS does, renewed before they expire.',
  },
  ec2Server: {
    kind: 'boolean',
    help: 'Serve the credentials to every program of yours as EC2 does, at 169.254.169.254 (needs root to begin with).',
  },
  lazy: { kind: 'boolean', help: 'Let a server get credentials at the first request.' },
  allowRole: {
    kind: 'list',
    placeholder: 'ARN',
    env: 'KEYTURN_ALLOW_ROLE',
    help: 'A role that programs may ask the ECS server for at /role-arn/ARN; * stands for any characters (repeatable).',
  },
  ecsListen: {
    kind: 'string',
    placeholder: 'ADDRESS[:PORT]',
    env: 'KEYTURN_ECS_LISTEN',
    help: 'Where the ECS server listens (default: 127.0.0.1 and a free port); for containers.',
  },
  ecsUri: {
    kind: 'string',
    placeholder: 'URI',
    env: 'KEYTURN_ECS_URI',
    help: 'Where programs find the ECS server, if not where it listens; for containers behind a forwarder.',
  },
  ec2HttpTokens: {
    kind: 'choice',
    choices: ['required', 'optional'],
    default: 'required',
    env: 'KEYTURN_EC2_HTTP_TOKENS',
    help: 'optional: the EC2 server also answers programs that know only version 1 of the metadata service.',
  },
} as const satisfies Grammar['globals'];

export const proxyCommand = {
  proxy: {
    aliases: ['server'],
    hidden: true,
    help: 'Make 169.254.169.254 lead to exec --ec2-server; run as root.',
    args: {},
    flags: {
      stop: { kind: 'boolean', help: 'Stop a running proxy, and take the address away again.' },
      stateDir: { kind: 'string', hidden: true, help: 'Where the proxy meets exec (default: the state directory).' },
      worker: { kind: 'string', hidden: true, help: 'The part that goes on without root: how it was started.' },
    },
  },
} as const satisfies Grammar['commands'];
