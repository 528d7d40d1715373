import type { CommandInvocation, CommandName, Grammar, Invocation } from './args-grammar.ts';
import { parse } from './args-parse.ts';

const BACKENDS = ['secret-service', 'file'] as const;
const PROMPTS = ['terminal', 'browser', 'kdialog', 'osascript', 'ykman', 'zenity'] as const;

const NO_SERVERS = 'Keyturn has no credential server yet';

const duration = {
  kind: 'duration',
  short: 'd',
  help: 'How long the temporary credentials are to last, such as 1h30m or 2d (default: 1h).',
} as const;
const noSession = {
  kind: 'boolean',
  short: 'n',
  help: 'Do without GetSessionToken: roles are assumed with the stored key itself.',
} as const;
const region = { kind: 'string', help: 'AWS region, for every profile involved.' } as const;
const mfaToken = { kind: 'string', short: 't', placeholder: 'CODE', help: 'MFA code; nobody is asked then.' } as const;
const stdout = { kind: 'boolean', help: 'Print the SSO link instead of opening a browser.', hidden: true } as const;
const hostFlags = {
  browser: {
    kind: 'string',
    placeholder: 'NAME',
    help: 'chromium, chrome or firefox, or several with commas (default: those found here).',
  },
  userDataDir: {
    kind: 'string',
    placeholder: 'DIR',
    help: 'For a Chromium that is started with this --user-data-dir.',
  },
  system: { kind: 'boolean', help: 'For all users of this computer.' },
} as const;
const profile = { kind: 'required', help: 'Name of the profile.' } as const;

function refusedPrompt(value: string): string {
  if (value !== 'pass') return `--prompt value must be one of ${PROMPTS.join(',')}, got '${value}', try --help`;
  return (
    '--prompt=pass (or AWS_VAULT_PROMPT=pass) no longer exists, because a TOTP secret should live on a device of its own; ' +
    'to use pass all the same, set `mfa_process = pass otp MFA_SERIAL` in the profiles of ~/.aws/config'
  );
}

/** Every flag and argument there is: aws-vault 7.2's names, shorts, variables and defaults, then our own commands. */
export const GRAMMAR = {
  help: 'A vault for AWS credentials, in the terminal and in the browser.',
  globals: {
    debug: { kind: 'boolean', help: 'Say on stderr what is done and why.' },
    backend: {
      kind: 'choice',
      choices: BACKENDS,
      env: 'AWS_VAULT_BACKEND',
      help: `Where secrets are kept: ${BACKENDS.join(', ')} (default: the first that opens; the choice is remembered).`,
    },
    prompt: {
      kind: 'choice',
      choices: PROMPTS,
      env: 'AWS_VAULT_PROMPT',
      refusal: refusedPrompt,
      help: `Where MFA codes are asked for: ${PROMPTS.join(', ')} (default: the terminal if there is one).`,
    },
    secretServiceCollection: {
      kind: 'string',
      placeholder: 'NAME',
      default: 'awsvault',
      env: 'AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME',
      help: 'Collection of the Secret Service that holds the vault.',
    },
    fileDir: {
      kind: 'string',
      placeholder: 'DIR',
      default: '~/.awsvault/keys/',
      env: 'AWS_VAULT_FILE_DIR',
      help: 'Directory of the "file" backend.',
    },
    // Settings of backends that cannot be chosen yet: accepted, so that a set-up made for aws-vault goes on working.
    keychain: {
      kind: 'string',
      default: 'aws-vault',
      env: 'AWS_VAULT_KEYCHAIN_NAME',
      hidden: true,
      help: 'Name of the macOS keychain.',
    },
    passDir: {
      kind: 'string',
      env: 'AWS_VAULT_PASS_PASSWORD_STORE_DIR',
      hidden: true,
      help: 'Directory of the pass password store.',
    },
    passCmd: {
      kind: 'string',
      default: 'pass',
      env: 'AWS_VAULT_PASS_CMD',
      hidden: true,
      help: 'Name of the pass program.',
    },
    passPrefix: {
      kind: 'string',
      env: 'AWS_VAULT_PASS_PREFIX',
      hidden: true,
      help: 'Prefix of the names in the pass password store.',
    },
  },
  commands: {
    add: {
      help: 'Store the access key of a profile.',
      details:
        'Asks for the access key ID and the secret, and adds the profile to the AWS config file if it is not there.',
      args: { profile },
      flags: {
        env: { kind: 'boolean', help: 'Take the key from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.' },
        addConfig: {
          kind: 'boolean',
          default: true,
          help: 'Add the profile to the AWS config file if it is missing (default: yes).',
        },
      },
    },
    remove: {
      aliases: ['rm'],
      help: 'Delete the stored access key of a profile.',
      args: { profile },
      flags: {
        force: { kind: 'boolean', short: 'f', help: 'Do not ask first.' },
        sessionsOnly: { kind: 'boolean', short: 's', hidden: true, help: 'Delete only the sessions (see clear).' },
      },
    },
    list: {
      aliases: ['ls'],
      help: 'List profiles, with their stored keys and sessions.',
      args: {},
      flags: {
        profiles: { kind: 'boolean', help: 'Only names of profiles, one per line.' },
        sessions: { kind: 'boolean', help: 'Only sessions, one per line.' },
        credentials: { kind: 'boolean', help: 'Only profiles that have a stored key, one per line.' },
      },
    },
    rotate: {
      help: 'Replace a stored access key by a new one.',
      unavailable: 'Keyturn cannot rotate keys yet',
      args: { profile },
      flags: { noSession },
    },
    exec: {
      help: 'Run a program with the credentials of a profile.',
      details:
        'The program takes the place of this one, so its exit status, its signals and the terminal are its own. ' +
        'Put -- before it if it has flags: exec work -- aws s3 ls. Without a program, starts a shell.',
      args: {
        profile,
        cmd: { kind: 'optional', help: 'Program to run (default: $SHELL).' },
        args: { kind: 'rest', help: "The program's arguments." },
      },
      flags: {
        duration,
        noSession,
        region,
        mfaToken,
        json: { kind: 'boolean', short: 'j', hidden: true, help: 'Print the credentials (see export --format=json).' },
        server: { kind: 'boolean', short: 's', unavailable: NO_SERVERS, help: 'Serve credentials as ECS does.' },
        ec2Server: { kind: 'boolean', unavailable: NO_SERVERS, help: 'Serve credentials as EC2 does.' },
        ecsServer: { kind: 'boolean', unavailable: NO_SERVERS, help: 'Serve credentials as ECS does.' },
        lazy: { kind: 'boolean', unavailable: NO_SERVERS, help: 'Let a server get credentials at the first request.' },
        stdout,
      },
    },
    export: {
      help: 'Print the credentials of a profile.',
      args: { profile },
      flags: {
        duration,
        noSession,
        region,
        mfaToken,
        format: {
          kind: 'choice',
          choices: ['env', 'export-env', 'json', 'ini'],
          default: 'env',
          help: 'env, export-env (for a shell), json (for credential_process) or ini.',
        },
        stdout,
      },
    },
    clear: {
      help: 'Delete sessions: of one profile, or all.',
      args: { profile: { kind: 'optional', help: 'Name of the profile (default: all).' } },
      flags: {},
    },
    login: {
      help: 'Open the AWS console, signed in as a profile.',
      args: {
        profile: { kind: 'optional', help: 'Name of the profile (default: the AWS_* keys of the environment).' },
      },
      flags: {
        duration,
        noSession,
        mfaToken,
        path: { kind: 'string', help: 'Page of the console to open, such as /s3/home.' },
        region,
        stdout: { kind: 'boolean', short: 's', help: 'Print the sign-in URL instead of opening a browser.' },
      },
    },
    proxy: {
      aliases: ['server'],
      hidden: true,
      unavailable: NO_SERVERS,
      help: 'Forward the EC2 metadata address to a local server.',
      args: {},
      flags: { stop: { kind: 'boolean', help: 'Stop a running proxy.' } },
    },
    'host install': {
      help: 'Let the browsers found here start the native messaging host.',
      args: {},
      flags: hostFlags,
    },
    'host status': {
      help: 'Show which browsers can start the native messaging host, and try it.',
      args: {},
      flags: hostFlags,
    },
    'host uninstall': {
      help: 'Take back what host install wrote.',
      args: {},
      flags: hostFlags,
    },
  },
} as const satisfies Grammar;

export type Command = CommandName<typeof GRAMMAR>;

/** What `C` is run with: `CommandOf<'exec'>` has `flags.duration` (seconds), `args.profile`, … */
export type CommandOf<C extends Command> = CommandInvocation<typeof GRAMMAR, C>;

/**
 * Keyturn's command line (without program name) as a command with typed values. Only this and its parser are loaded for it.
 * @throws VaultError USAGE, with aws-vault's texts
 */
export function parseArgs(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation<typeof GRAMMAR> {
  return parse(GRAMMAR, argv, env);
}
