/** What only Nodefony's client is told (docs/protocol.md, section 6): where it is, and where its socket is. */

/** `ext.address` of a connect reply: a JSON *string* with the client's address and the parts of the server's URL. */
export function publicAddress (remoteAddress: string, url: string): string {
  const { protocol, host, port, hostname } = new URL(url)
  return JSON.stringify({
    remoteAddress,
    host: {
      protocol,
      slashes: true,
      auth: null,
      host,
      port: port === '' ? null : port,
      hostname,
      hash: null,
      search: null,
      query: null,
      pathname: '/',
      path: '/',
      href: `${protocol}//${host}/`
    }
  })
}

/** `ext.url` of a handshake reply over POST: the parts of the WebSocket's URL. */
export function socketUrl (url: string): Record<string, string> {
  const parsed = new URL(url)
  const protocol = parsed.protocol === 'https:' ? 'wss:' : 'ws:'
  const { host, hostname, port, pathname } = parsed
  return { protocol, host, hostname, port, pathname, href: `${protocol}//${host}${pathname}` }
}
