/** The form that asks who the visitor is, where the gateway wants to know. */
import { basic } from '../../client/authentication/basic.ts'
import { bearer } from '../../client/authentication/bearer.ts'
import { digest } from '../../client/digest.ts'

export class SignIn {
  #card = document.getElementById('sign-in')
  #why = document.getElementById('sign-in-why')
  #form = document.getElementById('sign-in-form')
  #name = document.getElementById('sign-in-name')
  #password = document.getElementById('sign-in-password')
  #asked = false
  #scheme = 'basic'
  #given = () => {}

  constructor () {
    this.#form.addEventListener('submit', event => {
      event.preventDefault()
      try {
        const credentials = this.#credentials()
        this.hide()
        this.#given(credentials)
      } catch (error) {
        this.#why.textContent = error.message
      }
    })
  }

  /** For the client: asks until the gateway is content. */
  authenticate = challenges => {
    const schemes = challenges.map(({ scheme }) => scheme.toLowerCase())
    this.#scheme = schemes.includes('digest') ? 'digest' : 'basic'
    const realm = challenges.find(({ realm }) => realm !== '')?.realm
    const why = this.#asked ? 'That was not right.' : realm === undefined ? 'The gateway wants to know who looks at it.' : `The gateway asks for ${realm}.`
    this.#asked = true
    return new Promise(resolve => this.show(why, resolve))
  }

  /** @param given told of the credentials */
  show (why, given) {
    this.#given = given
    this.#why.textContent = why
    this.#card.hidden = false
    this.#password.value = ''
    this.#name.focus()
  }

  hide () {
    this.#card.hidden = true
  }

  /** The gateway let the visitor in. */
  settle () {
    this.#asked = false
    this.hide()
  }

  #credentials () {
    const [name, password] = [this.#name.value.trim(), this.#password.value]
    if (name === '') return bearer(password)
    return this.#scheme === 'digest' ? digest(name, password) : basic(name, password)
  }
}
