/** The options of what shows a gateway to those outside: the monitor page. */
import { Type, type Static } from '@sinclair/typebox'
import type { Session, Verdict } from '../../types/index.js'
import { func } from './schema-pieces.js'

const closed = { additionalProperties: false }

/** The option `monitor`. */
export const MonitorSchema = Type.Object({
  authorize: func<(session: Session) => Verdict>('may this session see the gateway, and end sessions?'),
  interval: Type.Integer({ default: 1000, minimum: 100, maximum: 2 ** 31 - 1, description: 'ms between two views' })
}, { ...closed, expected: '{ authorize }: a function that says who may see it', description: 'serve a page at {path}/monitor that shows sessions, channels, services and rates' })

export type MonitorOptions = Static<typeof MonitorSchema>
