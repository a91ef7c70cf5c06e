"""The panel of somebody's desktop: it shows notifications and has a tray.

Both are python-dbusmock's. What they are told is printed, one JSON object a line:
    {"shown": id, "title", "body", "actions": [...], "category", "urgency", "at": seconds}
    {"closed": id, "at": seconds}
    {"tray": true}
Its parameter is what its notifications can do, such as "actions body".
What a person does is read the same way:
    {"press": id, "action": "accept"}
    {"item": words, "of": process}     an entry of the menu in the tray, by its words
"""

import json
import subprocess
import sys
import threading
import time

import dbus
import dbus.mainloop.glib
from gi.repository import GLib

NOTIFICATIONS = "org.freedesktop.Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
MOCK = "org.freedesktop.DBus.Mock"
# How long a connection may take to say whether it has an icon: those that only ask never answer.
ANSWER_S = 1


def say(**what):
    print(json.dumps(what), flush=True)


def wait_for(bus, name):
    for _ in range(200):
        if bus.name_has_owner(name):
            return
        time.sleep(0.05)
    sys.exit(f"{name} does not come")


def mock(*parameters):
    return subprocess.Popen([sys.executable, "-m", "dbusmock", *parameters], stdout=subprocess.DEVNULL)


def item_of(bus, process):
    """Where the process shows its menu: its connection, and the menu's path."""
    daemon = bus.get_object("org.freedesktop.DBus", "/org/freedesktop/DBus")
    daemon = dbus.Interface(daemon, "org.freedesktop.DBus")
    for name in daemon.ListNames():
        try:
            if not name.startswith(":") or daemon.GetConnectionUnixProcessID(name) != process:
                continue
            item = bus.get_object(name, tray_path, introspect=False)
            item = dbus.Interface(item, dbus.PROPERTIES_IFACE)
            return name, item.Get("org.kde.StatusNotifierItem", "Menu", timeout=ANSWER_S)
        except (dbus.DBusException, ValueError):
            pass
    raise LookupError(f"process {process} has nothing in the tray")


def press_item(bus, words, process):
    name, path = item_of(bus, process)
    menu = dbus.Interface(bus.get_object(name, path), "com.canonical.dbusmenu")
    menu.AboutToShow(0)
    _, (_, _, entries) = menu.GetLayout(0, -1, dbus.Array([], signature="s"))
    labels = {str(entry[1].get("label", "")).replace("_", ""): entry[0] for entry in entries}
    if words not in labels:
        raise LookupError(f"no {words} among {sorted(labels)}")
    menu.Event(labels[words], "clicked", dbus.Int32(0), dbus.UInt32(0))


def on_call(name, arguments):
    global tray_path
    now = time.time()
    if name == "Notify":
        _, replaces, _, title, body, actions, hints, _ = arguments
        # As the template counts.
        number = int(replaces)
        if not replaces:
            shown[0] += 1
            number = shown[0]
        say(
            shown=number,
            title=str(title),
            body=str(body),
            actions=[str(action) for action in actions],
            category=str(hints.get("category", "")),
            urgency=int(hints.get("urgency", 1)),
            at=now,
        )
    elif name == "CloseNotification":
        say(closed=int(arguments[0]), at=now)
    elif name == "RegisterStatusNotifierItem":
        tray_path = str(arguments[0])
        say(tray=True)


def listen():
    for line in sys.stdin:
        GLib.idle_add(carry_out, json.loads(line))
    GLib.idle_add(loop.quit)


def carry_out(order):
    try:
        if "press" in order:
            daemon = bus.get_object(NOTIFICATIONS, "/org/freedesktop/Notifications")
            parameters = dbus.Array([dbus.UInt32(order["press"]), order["action"]], signature="v")
            daemon.EmitSignal(NOTIFICATIONS, "ActionInvoked", "us", parameters, dbus_interface=MOCK)
        else:
            press_item(bus, order["item"], order["of"])
    except (dbus.DBusException, LookupError) as error:
        say(trouble=str(error))


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
loop = GLib.MainLoop()
bus = dbus.SessionBus()
shown = [0]
tray_path = ""
abilities = json.dumps({"capabilities": sys.argv[1]})
children = [
    mock("--template", "notification_daemon", "--parameters", abilities),
    mock(WATCHER, "/StatusNotifierWatcher", WATCHER),
]
try:
    wait_for(bus, NOTIFICATIONS)
    bus.add_signal_receiver(on_call, "MethodCalled", MOCK)
    wait_for(bus, WATCHER)
    watcher = dbus.Interface(bus.get_object(WATCHER, "/StatusNotifierWatcher"), MOCK)
    watcher.AddMethod(WATCHER, "RegisterStatusNotifierItem", "s", "", "")
    watcher.AddMethod(WATCHER, "RegisterStatusNotifierHost", "s", "", "")
    watcher.AddProperty(WATCHER, "IsStatusNotifierHostRegistered", True)
    watcher.AddProperty(WATCHER, "ProtocolVersion", dbus.Int32(0))
    watcher.AddProperty(WATCHER, "RegisteredStatusNotifierItems", dbus.Array([], signature="s"))
    say(ready=True)
    threading.Thread(target=listen, daemon=True).start()
    loop.run()
finally:
    for child in children:
        child.terminate()
