// Pages work without this file. It wakes the NHS.UK components that do more when scripts run.
const library = document.querySelector('link[rel="modulepreload"]')

if (library) {
  document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
  const { initAll } = await import(library.href)
  initAll()
}

// A form with data-live answers while it is filled in: its part of the page is fetched anew and put in place. Without
// this its button does the same.
for (const form of document.querySelectorAll('form[data-live]')) {
  let asked = 0
  form.addEventListener('change', async () => {
    const mine = ++asked
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`
    const page = await fetch(address, { headers: { Accept: 'text/html' } })
    const part = new DOMParser().parseFromString(await page.text(), 'text/html').getElementById(form.dataset.live)
    const here = document.getElementById(form.dataset.live)
    if (mine !== asked || !part || !here) return
    here.innerHTML = part.innerHTML
    if (page.ok) history.replaceState(null, '', address)
  })
}
