// Pages work without this file. It wakes the NHS.UK components that do more when scripts run.
const library = document.querySelector('link[rel="modulepreload"]')

if (library) {
  document.body.classList.add('js-enabled', 'nhsuk-frontend-supported')
  const { initAll } = await import(library.href)
  initAll()
}
