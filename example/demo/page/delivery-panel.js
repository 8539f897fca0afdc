/** The panel that shows that nothing is lost: the numbers of the server, counted, and a button that cuts the network. */
import { Chart } from './chart.js'
import { Tally } from './tally.js'

const CHANNEL = '/demo/counter'
const NEW = -1
const BAR = 500

export class DeliveryPanel {
  #network
  #tally = new Tally()
  #came = 0
  #chart = new Chart(document.getElementById('delivery-chart'), { least: 10 })
  #button = document.getElementById('cut')
  #verdict = document.getElementById('delivery-verdict')

  constructor (network) {
    this.#network = network
    this.#button.addEventListener('click', () => network.cut ? network.mend() : network.pull())
    window.setInterval(() => {
      this.#chart.add(this.#came)
      this.#came = 0
    }, BAR)
  }

  /**
   * Another client counts from where it begins. One whose session is a new one, for the server was gone, goes on after the
   * last number that it has, where the server keeps them.
   */
  follow (client) {
    this.#tally = new Tally()
    client.subscribe(CHANNEL, ({ data }) => {
      this.#came++
      this.#tally.take(data)
      this.show()
    }, { replay: NEW })
  }

  show () {
    const { cut, swallowed } = this.#network
    const { last, received, missing, doubled } = this.#tally
    set('delivery-last', last ?? '–')
    set('delivery-received', received)
    set('delivery-swallowed', swallowed)
    set('delivery-missing', missing)
    set('delivery-doubled', doubled)
    this.#button.textContent = cut ? 'Mend the network' : 'Cut the network'
    this.#button.classList.toggle('danger', cut)
    this.#verdict.dataset.good = String(missing + doubled === 0)
  }
}

function set (id, value) {
  const element = document.getElementById(id)
  const text = String(value)
  if (element.textContent !== text) element.textContent = text
}
