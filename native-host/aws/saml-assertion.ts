export type RolePair = { readonly roleArn: string; readonly principalArn: string };

const VALUE = /<(?:[\w.-]+:)?AttributeValue(?:\s[^>]*)?>([^<]*)</g;
// The name of a role may hold a comma, that of a provider may not; both orders are in use.
const ROLE = /arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]+/.source;
const PRINCIPAL = /arn:[a-z-]+:iam::\d{12}:saml-provider\/[\w.-]+/.source;
const ROLE_FIRST = new RegExp(`^(?<role>${ROLE}),\\s*(?<principal>${PRINCIPAL})$`);
const PRINCIPAL_FIRST = new RegExp(`^(?<principal>${PRINCIPAL}),\\s*(?<role>${ROLE})$`);

/**
 * The roles a SAML response is good for, each with its identity provider: the values of
 * `https://aws.amazon.com/SAML/Attributes/Role`, told by their form. Whether the assertion is true is for AWS to judge. An
 * encrypted one gives none.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html
 */
export function rolePairsIn(xml: string): RolePair[] {
  return [...xml.matchAll(VALUE)].flatMap(([, text = '']) => {
    const value = text.trim();
    const { role, principal } = (ROLE_FIRST.exec(value) ?? PRINCIPAL_FIRST.exec(value))?.groups ?? {};
    return role === undefined || principal === undefined ? [] : [{ roleArn: role, principalArn: principal }];
  });
}
