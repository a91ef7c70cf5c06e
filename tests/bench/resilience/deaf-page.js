// Runs in a page before its own scripts: it hears nothing of what the browser says of the network.
{
  const deaf = (target, event) =>
    target?.addEventListener(event, (heard) => heard.stopImmediatePropagation());
  for (const event of ['online', 'offline']) deaf(window, event);
  deaf(navigator.connection, 'change');
}
