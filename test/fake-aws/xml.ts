/** What an XML answer is made of: text, fields in order, or a list (each entry a `member`, as the query API has it). */
export type XmlContent = string | number | undefined | readonly XmlContent[] | { readonly [name: string]: XmlContent };

const ENTITIES: { readonly [char: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is safe in XML and HTML, in an element or in a quoted attribute. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? char);
}

function isList(content: XmlContent): content is readonly XmlContent[] {
  return Array.isArray(content);
}

/** The inside of an element. A field that is `undefined` is left out. */
export function xml(content: XmlContent): string {
  if (content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escapeText(String(content));
  if (isList(content)) return content.map((entry) => `<member>${xml(entry)}</member>`).join('');
  return Object.entries(content)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `<${name}>${xml(value)}</${name}>`)
    .join('');
}
