/** `import … from 'fastify-bayeux/client/digest'`: Digest authentication (RFC 7616) with SHA-256 and MD5, `qop` auth. */
import { md5 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Challenge } from './authentication/challenge.js'
import type { AuthorizedRequest, Credentials } from './authentication/credentials.js'

type Hash = (text: string) => string

const hashOf = (hash: (bytes: Uint8Array) => Uint8Array): Hash => text => bytesToHex(hash(utf8ToBytes(text)))

/** By the name of the algorithm, the best one first. WebCrypto has no MD5, and on plain http it has nothing. */
const hashes: Readonly<Record<string, Hash>> = { 'SHA-256': hashOf(sha256), MD5: hashOf(md5) }

/** A challenge that can be answered. */
interface Answerable {
  readonly parameters: Challenge['parameters']
  /** As the server spelled it; undefined where it did not. */
  readonly algorithm: string | undefined
  readonly hash: Hash
  /** Whether the hash of the name and password is hashed once more for the session. */
  readonly perSession: boolean
  /** Whether the quality of protection is `auth`, or the older form that has none. */
  readonly qop: boolean
}

/** Digest authentication with a name and a password, which never go over the wire. */
export function digest (username: string, password: string): Credentials {
  let challenge: Answerable | null = null
  let count = 0
  return {
    scheme: 'Digest',
    challenged (challenges) {
      const next = bestOf(challenges)
      // The same nonce again, and not because it is too old: the server does not like who we are.
      const hopeless = next === null || (next.parameters.nonce === challenge?.parameters.nonce && next.parameters.stale !== 'true')
      challenge = next ?? challenge
      if (!hopeless) count = 0
      return !hopeless
    },
    authorization: request => challenge === null ? undefined : answer(challenge, username, password, request, ++count)
  }
}

function bestOf (challenges: readonly Challenge[]): Answerable | null {
  const names = Object.keys(hashes)
  const answerable = challenges.flatMap(({ scheme, parameters }) => {
    if (scheme.toLowerCase() !== 'digest' || parameters.nonce === undefined) return []
    const [, name = '', session] = /^(.*?)(-sess)?$/i.exec((parameters.algorithm ?? 'MD5').toUpperCase()) ?? []
    const hash = hashes[name]
    const qops = parameters.qop?.split(',').map(each => each.trim().toLowerCase())
    if (hash === undefined || qops?.includes('auth') === false) return []
    return [{ name, parameters, algorithm: parameters.algorithm, hash, perSession: session !== undefined, qop: qops !== undefined }]
  })
  return answerable.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name))[0] ?? null
}

function answer ({ parameters, algorithm, hash, perSession, qop }: Answerable, username: string, password: string, { method, url }: AuthorizedRequest, count: number): string {
  const { realm = '', nonce = '', opaque, userhash } = parameters
  const { pathname, search } = new URL(url)
  const uri = pathname + search
  const cnonce = bytesToHex(crypto.getRandomValues(new Uint8Array(16)))
  const nc = count.toString(16).padStart(8, '0')
  const plain = hash(`${username}:${realm}:${password}`)
  const secret = perSession ? hash(`${plain}:${nonce}:${cnonce}`) : plain
  const request = hash(`${method}:${uri}`)
  const response = hash(qop ? `${secret}:${nonce}:${nc}:${cnonce}:auth:${request}` : `${secret}:${nonce}:${request}`)
  const fields = [
    userhash === 'true' ? `username=${quote(hash(`${username}:${realm}`))}` : nameField(username),
    `realm=${quote(realm)}`,
    `nonce=${quote(nonce)}`,
    `uri=${quote(uri)}`,
    `response="${response}"`,
    ...algorithm === undefined ? [] : [`algorithm=${algorithm}`],
    ...opaque === undefined ? [] : [`opaque=${quote(opaque)}`],
    ...qop ? [`qop=auth, nc=${nc}`] : [],
    ...qop || perSession ? [`cnonce="${cnonce}"`] : [],
    ...userhash === 'true' ? ['userhash=true'] : []
  ]
  return `Digest ${fields.join(', ')}`
}

// Headers are ASCII; other names have a form of their own.
function nameField (username: string): string {
  return /^[\x20-\x7e]*$/.test(username) ? `username=${quote(username)}` : `username*=UTF-8''${encodeURIComponent(username).replace(/['()*]/g, character => `%${character.charCodeAt(0).toString(16)}`)}`
}

function quote (text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
