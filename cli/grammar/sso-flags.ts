import type { Grammar } from '../args-grammar.ts';

const SSO_FLOWS = ['pkce', 'device'] as const;
export type SsoFlow = (typeof SSO_FLOWS)[number];

export const ssoFlags = {
  ssoFlow: {
    kind: 'choice',
    choices: SSO_FLOWS,
    env: 'KEYTURN_SSO_FLOW',
    help: 'How to log in to IAM Identity Center: pkce (a browser on this machine) or device (a page for any machine).',
  },
  ssoCache: {
    kind: 'choice',
    choices: ['vault', 'shared'],
    default: 'vault',
    env: 'KEYTURN_SSO_CACHE',
    help: 'Where tokens of IAM Identity Center are kept: vault (there alone) or shared (in ~/.aws/sso/cache too, for the AWS CLI and SDKs, in plain text).',
  },
} as const satisfies Grammar['globals'];
