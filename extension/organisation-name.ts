/**
 * What the container of an organisation is called: after its `[sso-session]`, else as its access portal is.
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/howtosignin.html
 */
export function organisationName({ startUrl, session }: { readonly startUrl: string; readonly session?: string }) {
  if (session) return session;
  const url = URL.parse(startUrl);
  // GovCloud and China have one portal host for everybody, and the organisation in its path.
  const directory = /^\/directory\/([^/]+)/.exec(url?.pathname ?? '')?.[1];
  return (
    directory ?? url?.hostname.replace(/(?:\.portal)?\.(?:awsapps|amazonaws|[a-z]{2}-[a-z]+-\d)\..*$/, '') ?? startUrl
  );
}
