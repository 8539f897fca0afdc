/** What a server asks for with a 401, in the headers `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** `Basic`, `Bearer`, `Digest` …, as the server wrote it. */
  readonly scheme: string
  /** Where the credentials are good for, in the server's words; empty where it has none. */
  readonly realm: string
  /** The parameters by name, in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const PARAMETER = new RegExp(`^(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))\\s*(?:,|$)`)
const SCHEME = new RegExp(`^(${TOKEN})(?:\\s+(?![=,])|\\s*(?:,|$))`)
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*\s*(?:,|$)/

/** The challenges of a header; several headers come joined by commas. What cannot be read ends the list. */
export function readChallenges (header: string): Challenge[] {
  const challenges: { scheme: string, realm: string, parameters: Record<string, string> }[] = []
  let rest = header.replace(/^[\s,]+/, '')
  while (rest !== '') {
    const parameter = challenges.length > 0 ? PARAMETER.exec(rest) : null
    const scheme = parameter === null ? SCHEME.exec(rest) : null
    if (parameter !== null) {
      const [, name = '', quoted, plain = ''] = parameter
      const value = quoted?.replace(/\\(.)/g, '$1') ?? plain
      const { parameters } = challenges.at(-1) as Challenge & { parameters: Record<string, string> }
      parameters[name.toLowerCase()] ??= value
    } else if (scheme !== null) challenges.push({ scheme: scheme[1] as string, realm: '', parameters: {} })
    const read = parameter?.[0] ?? scheme?.[0] ?? (challenges.length > 0 ? TOKEN68.exec(rest)?.[0] : undefined)
    if (read === undefined) break
    rest = rest.slice(read.length).replace(/^[\s,]+/, '')
  }
  for (const challenge of challenges) challenge.realm = challenge.parameters.realm ?? ''
  return challenges
}
