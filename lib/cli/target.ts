import type { Definition } from './service-url.js'

/** Where a service is, in one line for people. What may be a secret, as the query of a URL, is left out. */
export function targetOf ({ targets, ...definition }: Definition): string {
  if (Array.isArray(targets)) return targets.map(target => targetOf({ ...definition, ...target })).join(', ')
  const { type = 'tcp', domain = 'localhost', port, path, url, command, args = [] } = definition as Record<string, any>
  switch (String(type).toLowerCase()) {
    case 'unix': return path
    case 'websocket': return withoutSecrets(url)
    case 'process': return [command, ...args].map(quoted).join(' ')
    case 'monitoring': return 'this gateway'
    default: return `${String(domain).includes(':') ? `[${domain}]` : domain}:${port}`
  }
}

const quoted = (word: string) => /^[^\s'"]+$/.test(word) ? word : JSON.stringify(word)

function withoutSecrets (url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
