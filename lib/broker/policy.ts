import type { Policy, Session, Verdict } from '../../types/index.js'
import { serviceName } from '../protocol/channel.js'
import { after } from './after.js'

/** Who may open a service, as its definition says. */
export type Authorize = (session: Session) => Verdict

/**
 * One policy out of what the application says in several places: its `policy`, and the `authorize`
 * of the services. All must allow.
 * @param authorize by the name of the service
 */
export function compilePolicy (policy: Policy, authorize: ReadonlyMap<string, Authorize>): Policy {
  if (authorize.size === 0) return policy
  return {
    canHandshake: policy.canHandshake?.bind(policy),
    canPublish: policy.canPublish?.bind(policy),
    canPublishWithoutSession: policy.canPublishWithoutSession?.bind(policy),
    canSubscribe (session, channel) {
      const rule = channel.startsWith('/service/') ? authorize.get(serviceName(channel)) : undefined
      const asked = policy.canSubscribe === undefined || policy.canSubscribe(session, channel)
      if (rule === undefined) return asked
      return after(asked, said => said === true ? rule(session) : said) as Verdict
    }
  }
}
