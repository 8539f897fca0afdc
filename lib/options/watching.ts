/** The options of what shows a gateway to those outside: the AsyncAPI document and the monitor page. */
import { Type, type Static } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Session, Verdict } from '../../types/index.js'
import type { Awaitable } from './service.js'
import { func } from './schema-pieces.js'

const closed = { additionalProperties: false }

/** The option `monitor`. */
export const MonitorSchema = Type.Object({
  authorize: func<(session: Session) => Verdict>('may this session see the gateway, and end sessions?'),
  interval: Type.Integer({ default: 1000, minimum: 100, maximum: 2 ** 31 - 1, description: 'ms between two views' })
}, { ...closed, expected: '{ authorize }: a function that says who may see it', description: 'serve a page at {path}/monitor that shows sessions, channels, services and rates' })

/** The option `asyncapi`; `true` is an empty one. */
export const AsyncapiSchema = Type.Object({
  info: Type.Object({
    title: Type.String({ default: 'Realtime gateway' }),
    version: Type.String({ default: '1.0.0', description: 'of the application' }),
    description: Type.Optional(Type.String())
  }, { default: {}, additionalProperties: true, description: 'the field `info` of the document' }),
  authorize: Type.Optional(func<(request: FastifyRequest) => Awaitable<boolean>>('who may read it; everybody where it is left out'))
}, { ...closed, expected: 'true, false, or { info, authorize }', description: 'serve an AsyncAPI document at {path}/asyncapi.json' })

export type MonitorOptions = Static<typeof MonitorSchema>
export type AsyncapiOptions = Static<typeof AsyncapiSchema>

/** What a user writes. */
export interface AsyncapiInput {
  info?: { title?: string, version?: string, description?: string, [field: string]: unknown }
  authorize?: (request: FastifyRequest) => Awaitable<boolean>
}

/** `true` and `false` of an option that is an object otherwise. */
export function unfold ({ asyncapi, ...options }: Record<string, unknown>): Record<string, unknown> {
  if (asyncapi === undefined || asyncapi === false) return options
  return { ...options, asyncapi: asyncapi === true ? {} : asyncapi }
}
