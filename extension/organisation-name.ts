/** The organisation's own word in each form of a start URL. @see https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosignin.html */
const FORMS: readonly RegExp[] = [
  // GovCloud, China and issuers have one host for everybody, and the organisation in the path.
  /\/directory\/([^/?#]+)/,
  /\/\/identitycenter\.[^/]+\/([^/?#]+)/,
  /\/\/([^./]+)\.awsapps\./,
  /\/\/([^./]+)\.(?:portal\.[^./]+\.app|[^./]+\.portal)\./,
];

/** What the container of an organisation is called: after its `[sso-session]`, else as its access portal is. */
export function organisationName(login: { readonly startUrl: string; readonly session?: string }): string {
  const { startUrl, session } = login;
  if (session) return session;
  for (const form of FORMS) {
    const found = form.exec(startUrl)?.[1];
    if (found) return found;
  }
  return URL.parse(startUrl)?.hostname ?? startUrl;
}
