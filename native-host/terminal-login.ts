import { boolean, type Check, integer, object, oneOf, shownText, text } from './message-check.ts';
import type { LoginPage } from './protocol.ts';
import type { ShowLoginRequest } from './user-socket-login.ts';

/** Pages of AWS, or of a sandbox on this computer; whoever runs programs as this user can open any other without a browser's host. */
const pageUrl = text({
  max: 4096,
  pattern: /^(?:https:\/\/|http:\/\/(?:127\.0\.0\.1|localhost)[:/])[\x21-\x7e]*$/,
  form: 'an https URL, or one of this computer',
});

export const showLoginParams: Check<ShowLoginRequest> = object<ShowLoginRequest>({
  required: {
    loginId: text({ max: 64 }),
    flow: oneOf('pkce', 'device'),
    url: pageUrl,
    startUrl: shownText(2048),
    opensTab: boolean,
    program: shownText(256),
    pid: integer({ min: 1, max: 2 ** 32 - 1 }),
  },
  optional: {
    userCode: text({ max: 64, pattern: /^[A-Za-z0-9-]+$/, form: 'such as ABCD-EFGH' }),
    session: shownText(256),
    profile: shownText(256),
    parent: shownText(256),
    browser: oneOf('firefox', 'chromium'),
  },
});

/** What a terminal sends, as the extension gets it. */
export function loginPage({ program, parent, pid, browser: _, ...page }: ShowLoginRequest): LoginPage {
  return { ...page, requester: { source: 'terminal', program, pid, ...(parent !== undefined && { parent }) } };
}
