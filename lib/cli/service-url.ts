/**
 * A service as a URL: `tcp://localhost:1315?framing=lines`. The scheme is the connector, the URL is where
 * the service is, and parameters behind `?` or `#` are further fields of the service. The query of a
 * WebSocket's URL belongs to the server, so there parameters are behind `#`, which such a URL cannot have
 * (RFC 6455, section 3).
 */
import { readCommandLine } from './command-line.js'
import { readParameters, type Fields, type ParameterGroup } from './parameters.js'
import { WrongInput } from './wrong-input.js'

/** One entry of the option `services`, still unchecked. */
export type Definition = Readonly<Record<string, unknown>>

/** Where a service is, as fields; and its parameters as they stand in the URL. */
interface Place {
  readonly fields: Fields
  readonly parameters: string
}

interface Scheme {
  readonly type: string
  /** Reads what is behind the colon. */
  readonly place: (rest: string, url: string) => Place
  readonly takes: readonly ParameterGroup[]
  /** Said where a parameter is unknown, if that may have another reason. */
  readonly hint?: string
}

const WEBSOCKET: Scheme = { type: 'websocket', place: webSocket, takes: ['common', 'certificates', 'websocket'] }

const schemes: Readonly<Record<string, Scheme>> = {
  tcp: { type: 'tcp', place: hostAndPort, takes: ['common', 'bytes'] },
  tls: { type: 'tls', place: hostAndPort, takes: ['common', 'bytes', 'certificates'] },
  udp: { type: 'udp', place: hostAndPort, takes: ['common', 'udp'] },
  unix: { type: 'unix', place: socketPath, takes: ['common', 'bytes'] },
  ws: WEBSOCKET,
  wss: WEBSOCKET,
  exec: { type: 'process', place: command, takes: ['common', 'bytes', 'exec'], hint: 'A ? or # of the command itself goes into quotes' },
  monitoring: { type: 'monitoring', place: nowhere, takes: ['common', 'monitoring'] }
}

/** @throws WrongInput saying what is wrong with it */
export function readServiceUrl (url: string): Definition {
  const [, name = '', rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/s.exec(url) ?? []
  const scheme = Object.hasOwn(schemes, name.toLowerCase()) ? schemes[name.toLowerCase()] : undefined
  if (scheme === undefined) throw new WrongInput(`Expected ${Object.keys(schemes).map(each => `${each}:`).join(' or ')}, not '${url}'`)
  const { fields, parameters } = scheme.place(rest, url)
  return { type: scheme.type, ...fields, ...readParameters(parameters, scheme.takes, scheme.hint) }
}

/** Parts a URL at the first `?` or `#`; a later `#` begins further parameters. */
function part (rest: string): [place: string, parameters: string] {
  const at = rest.search(/[?#]/)
  return at === -1 ? [rest, ''] : [rest.slice(0, at), rest.slice(at + 1).replace('#', '&')]
}

function hostAndPort (rest: string, url: string): Place {
  const [place, parameters] = part(rest)
  const [, bracketed, plain, port] = /^\/\/(?:\[([^\]]+)\]|([^:/@[\]\s]+)):(\d+)\/?$/.exec(place) ?? []
  if (port === undefined) throw new WrongInput(`Expected ${url.slice(0, url.indexOf(':'))}://HOST:PORT, not '${url}'`)
  return { fields: { domain: bracketed ?? plain, port: Number(port) }, parameters }
}

function socketPath (rest: string, url: string): Place {
  const [place, parameters] = part(rest)
  // unix:///run/x.sock is unix:/run/x.sock.
  const path = place.replace(/^\/\/(?=\/)/, '')
  if (path === '' || path === '@' || path.startsWith('//')) throw new WrongInput(`Expected unix:/PATH or unix:@NAME, not '${url}'`)
  try {
    return { fields: { path: decodeURIComponent(path) }, parameters }
  } catch {
    throw new WrongInput(`A % of the path itself is written %25: '${url}'`)
  }
}

function webSocket (_rest: string, url: string): Place {
  const [address = '', ...parameters] = url.split('#')
  if (!URL.canParse(address)) throw new WrongInput(`Expected ws://HOST:PORT/PATH or wss://…, not '${url}'`)
  return { fields: { url: new URL(address).href }, parameters: parameters.join('&') }
}

function command (rest: string, url: string): Place {
  const { words: [command, ...args], rest: parameters } = readCommandLine(rest)
  if (command === undefined || command === '') throw new WrongInput(`Expected exec:COMMAND and its arguments, not '${url}'`)
  return { fields: { command, args }, parameters: parameters.replace('#', '&') }
}

function nowhere (rest: string, url: string): Place {
  const [place, parameters] = part(rest)
  if (place !== '') throw new WrongInput(`Expected monitoring: and nothing more, not '${url}'`)
  return { fields: {}, parameters }
}
