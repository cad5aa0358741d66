// A form with data-sliders answers while its sliders move. Each part of the page with data-part is asked for anew, by
// the header X-Part, and put in place; the form itself stays, so that a slider keeps its focus. Without this the form's
// button does the same.
const PAUSE = 60

for (const form of document.querySelectorAll('form[data-sliders]')) {
  let asked = 0
  let timer = 0

  const ask = async () => {
    const mine = ++asked
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`
    const answer = await fetch(address, { headers: { Accept: 'text/html', 'X-Part': 'yes' } })
    const text = await answer.text()
    if (mine !== asked) return
    const parts = new DOMParser().parseFromString(text, 'text/html').querySelectorAll('[data-part]')
    // What is no part of this page is an error's page, or the sign-in: it is shown as one.
    if (!parts.length) {
      location.assign(address)
      return
    }
    for (const part of parts) {
      const here = document.getElementById(part.id)
      if (here && here.innerHTML !== part.innerHTML) here.innerHTML = part.innerHTML
    }
    if (answer.ok) history.replaceState(null, '', address)
  }

  const say = (slider) => {
    const isOff = slider.dataset.off !== undefined && Number(slider.value) === Number(slider.dataset.off)
    const said = isOff ? slider.dataset.offSays : `${Number(slider.value)}${slider.dataset.unit}`
    slider.parentElement.querySelector('output').value = said
    slider.setAttribute('aria-valuetext', said)
  }

  for (const slider of form.querySelectorAll('input[type="range"]')) say(slider)

  form.addEventListener('input', (event) => {
    const slider = event.target
    if (slider.type !== 'range') return
    say(slider)
    const chosen = slider.dataset.chooses && form.elements[slider.dataset.chooses]
    if (chosen) chosen.value = slider.dataset.choice
    clearTimeout(timer)
    timer = setTimeout(ask, PAUSE)
  })

  form.addEventListener('change', (event) => {
    if (event.target.type === 'range') return
    // Another system has other places: the form itself changes.
    if (['system', 'edition'].includes(event.target.name)) {
      for (const name of ['place', 'neighbourhood']) form.elements[name]?.remove()
      form.requestSubmit()
      return
    }
    ask()
  })
}
