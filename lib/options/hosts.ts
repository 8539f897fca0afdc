/** The option `hosts`: other names of the gateway, for the clients of a node that closes. */
import { Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FastifyBaseLogger } from 'fastify'
import { either, isFunction } from './schema-pieces.js'

/** Names, or what says them when they are wanted. */
export type Hosts = string[] | (() => string[])

const Names = Type.Array(Type.String({ pattern: '^[^\\s/]+$' }))

export const HostsSchema = either<Hosts>('an array of host names, or a function that gives one', value => isFunction(value) || Value.Check(Names, value), { description: 'what clients of a node that closes may connect to instead' })

/** Asks for them now. One that fails keeps nobody from closing: then none are told. */
export function askHosts (hosts: Hosts | undefined, log: FastifyBaseLogger): readonly string[] {
  try {
    const names: unknown = typeof hosts === 'function' ? hosts() : hosts ?? []
    if (Value.Check(Names, names)) return names
    log.error({ hosts: names }, 'the option hosts gave no array of host names')
  } catch (error) {
    log.error({ err: error }, 'the option hosts failed')
  }
  return []
}
