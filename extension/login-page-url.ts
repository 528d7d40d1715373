/** Web pages only, and without TLS none but those of this machine, such as a sandbox. */
export function loginPageUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  if (url?.protocol === 'https:') return url;
  const isLocal = url?.hostname === '127.0.0.1' || url?.hostname === 'localhost';
  return url?.protocol === 'http:' && isLocal ? url : undefined;
}
