import { DEFAULT_PROMPT_TIMEOUT, promptTimeoutMs } from '../../native-host/prompt-timeout.ts';
import type { Grammar } from '../args-grammar.ts';
import { ssoFlags } from './sso-flags.ts';

export const BACKENDS = ['secret-service', 'kwallet', 'keyctl', 'pass', 'file'] as const;
const PROMPTS = ['terminal', 'browser', 'kdialog', 'osascript', 'wincredui', 'ykman', 'zenity'] as const;

function refusedPrompt(value: string): string {
  if (value !== 'pass') return `--prompt value must be one of ${PROMPTS.join(',')}, got '${value}', try --help`;
  return (
    '--prompt=pass (or AWS_VAULT_PROMPT=pass) no longer exists, because a TOTP secret should live on a device of its own; ' +
    'to use pass all the same, set `mfa_process = pass otp MFA_SERIAL` in the profiles of ~/.aws/config'
  );
}

export const globalFlags = {
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
    help: `Where MFA codes are asked for: ${PROMPTS.join(', ')} (default: the terminal if there is one, else a connected browser, else a dialog).`,
  },
  promptTimeout: {
    kind: 'string',
    placeholder: 'DURATION',
    default: DEFAULT_PROMPT_TIMEOUT,
    check: promptTimeoutMs,
    env: 'KEYTURN_PROMPT_TIMEOUT',
    help: 'How long a question for an MFA code or a passphrase waits for its answer.',
  },
  ...ssoFlags,
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
  lockAfter: {
    kind: 'string',
    placeholder: 'DURATION',
    default: '15m',
    env: 'KEYTURN_LOCK_AFTER',
    help: 'How long an unlocked "file" backend stays so without use (from 1s to 168h); see unlock.',
  },
  filePassphraseCommand: {
    kind: 'string',
    placeholder: 'CMD',
    env: 'KEYTURN_FILE_PASSPHRASE_COMMAND',
    help: 'Program that prints the passphrase of the "file" backend, run by the shell.',
  },
  // Of a backend that there is not: accepted, so that a set-up made for aws-vault goes on working.
  keychain: {
    kind: 'string',
    default: 'aws-vault',
    env: 'AWS_VAULT_KEYCHAIN_NAME',
    hidden: true,
    help: 'Name of the macOS keychain.',
  },
  passDir: {
    kind: 'string',
    placeholder: 'DIR',
    env: 'AWS_VAULT_PASS_PASSWORD_STORE_DIR',
    help: 'Directory of the password store (default: $PASSWORD_STORE_DIR, else ~/.password-store).',
  },
  passCmd: {
    kind: 'string',
    placeholder: 'CMD',
    default: 'pass',
    env: 'AWS_VAULT_PASS_CMD',
    help: 'Name of the pass program.',
  },
  passPrefix: {
    kind: 'string',
    placeholder: 'PREFIX',
    env: 'AWS_VAULT_PASS_PREFIX',
    help: 'Folder of the vault in the password store (default: its top).',
  },
} as const satisfies Grammar['globals'];
