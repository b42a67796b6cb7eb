/* Says on the page why a passkey could not be used; allauth's own script would only tell the console. */
(() => {
  const WORDS = {
    NotAllowedError: 'The passkey was not used: you cancelled, or it took too long. Try again, or use another way.',
    InvalidStateError: 'This device has been added already.',
    NotSupportedError: 'This device or browser has no passkeys that we can use. Use another way.',
    SecurityError: 'Passkeys work only at this site’s own secure address. Use another way.'
  }

  document.addEventListener('allauth.error', (event) => {
    const place = document.getElementById('passkey-problem')
    if (!place) return
    event.preventDefault()
    const name = event.detail && event.detail.exception ? event.detail.exception.name : ''
    place.textContent = WORDS[name] || 'The passkey could not be used. Try again, or use another way.'
    place.hidden = false
  })
})()
