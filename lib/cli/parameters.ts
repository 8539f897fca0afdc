/** The parameters of a service's URL: fields of the service, as text. What they may be is checked with the service. */
import { readFileSync } from 'node:fs'
import { WrongInput } from './wrong-input.js'

/** Fields of a service by name. */
export type Fields = Record<string, unknown>

/** @param name of the parameter, for refusals */
type Reader = (values: readonly string[], name: string) => unknown

const text: Reader = ([value = '', ...more], name) => {
  if (more.length > 0) throw new WrongInput(`${name}: Given twice`)
  return value
}

// What is no number stays a text, which the schema of the service refuses with its path.
const number: Reader = (values, name) => {
  const value = text(values, name) as string
  return /^\d+$/.test(value) ? Number(value) : value
}

const flags = new Map([['', true], ['1', true], ['true', true], ['0', false], ['false', false]])
const flag: Reader = (values, name) => {
  const value = flags.get(text(values, name) as string)
  if (value === undefined) throw new WrongInput(`${name}: Expected 1 or 0, not '${values[0]}'`)
  return value
}

const list: Reader = values => [...values]

const file: Reader = (values, name) => {
  const path = text(values, name) as string
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new WrongInput(`${name}: ${(error as Error).message}`)
  }
}

const groups = {
  common: {
    encoding: text,
    connectTimeout: number,
    idleTimeout: number,
    hello: list,
    writable: flag,
    shared: flag,
    snapshot: number,
    snapshotKey: text,
    linger: number,
    reconnect: flag
  },
  bytes: { framing: text, delimiter: text, bytes: number, endian: text, inclusive: flag },
  certificates: { ca: file, cert: file, key: file, passphrase: text, servername: text, rejectUnauthorized: flag },
  udp: { listen: flag },
  websocket: { protocols: list, 'headers.NAME': text },
  exec: { cwd: text, 'env.NAME': text },
  monitoring: { interval: number }
} satisfies Record<string, Record<string, Reader>>

/** Parameters that some kinds of services take and others do not. */
export type ParameterGroup = keyof typeof groups

/**
 * @param parameters `a=b&c=d`, percent-encoded
 * @param takes which of them the kind of service takes
 * @param hint said where one is unknown
 * @throws WrongInput naming the parameter that is unknown, given twice, or no flag
 */
export function readParameters (parameters: string, takes: readonly ParameterGroup[], hint?: string): Fields {
  const readers: Readonly<Record<string, Reader>> = Object.assign({}, ...takes.map(group => groups[group]))
  const query = new URLSearchParams(parameters)
  const fields = new Map<string, unknown>()
  for (const name of new Set(query.keys())) {
    const [field = '', ...key] = name.split('.')
    const known = key.length === 0 ? name : `${field}.NAME`
    const reader = Object.hasOwn(readers, known) ? readers[known] as Reader : unknown(name, readers, hint)
    const value = reader(query.getAll(name), name)
    fields.set(field, key.length === 0 ? value : { ...fields.get(field) as object, [key.join('.')]: value })
  }
  return assemble(Object.fromEntries(fields))
}

function unknown (name: string, readers: object, hint?: string): never {
  throw new WrongInput([`Unknown parameter '${name}'; known: ${Object.keys(readers).join(', ')}`, ...hint === undefined ? [] : [hint]].join('. '))
}

// What is flat in a URL has levels in a service.
function assemble (flat: Fields): Fields {
  const { framing, delimiter, bytes, endian, inclusive, shared, snapshot, snapshotKey, linger, reconnect, hello, ...fields } = flat
  return defined({
    ...fields,
    framing: framingOf(framing, defined({ delimiter, bytes, endian, inclusive })),
    shared: sharedOf(shared, defined({ linger, reconnect }), defined({ size: snapshot, key: snapshotKey })),
    hello: fields.encoding === 'json' ? (hello as string[] | undefined)?.map(valueOf) : hello
  })
}

function defined (fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function framingOf (framing: unknown, details: Fields): unknown {
  const [detail] = Object.keys(details)
  if (detail === undefined) return framing
  if (framing === undefined) throw new WrongInput(`${detail}: Needs framing=${detail === 'delimiter' ? 'delimiter' : 'length-prefixed'}`)
  return { type: framing, ...details }
}

function sharedOf (shared: unknown, details: Fields, snapshot: Fields): unknown {
  const kept = Object.keys(snapshot).length > 0
  if (!kept && Object.keys(details).length === 0) return shared
  if (shared !== true) throw new WrongInput(`${kept ? 'snapshot' : Object.keys(details)[0]}: Needs shared=1`)
  return { ...details, ...(kept && { snapshot }) }
}

function valueOf (json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new WrongInput(`hello: Expected JSON, as encoding=json has it, not '${json}'`)
  }
}
