import type { Grammar } from '../args-grammar.ts';

export const ssoFlags = {
  ssoFlow: {
    kind: 'choice',
    choices: ['pkce', 'device'],
    env: 'KEYTURN_SSO_FLOW',
    help: 'How to log in to IAM Identity Center: pkce (a browser on this machine) or device (a page for any machine).',
  },
} as const satisfies Grammar['globals'];
