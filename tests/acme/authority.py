"""The authority: acme2certifier behind HTTPS. Arguments: the folder of its CA, the port."""

import os
import ssl
import sys
from wsgiref.simple_server import make_server

folder, port = sys.argv[1], int(sys.argv[2])
os.environ["ACME_SRV_CONFIGFILE"] = os.path.join(folder, "acme_srv.cfg")

# It reads its configuration when it is imported.
from acme2certifier.share import acme2certifier_wsgi as wsgi  # noqa: E402

server = make_server("127.0.0.1", port, wsgi.application, handler_class=wsgi.get_handler_cls())
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(os.path.join(folder, "directory.pem"), os.path.join(folder, "directory.key"))
server.socket = tls.wrap_socket(server.socket, server_side=True)
server.base_environ["wsgi.url_scheme"] = "https"
server.base_environ["HTTPS"] = "on"
server.serve_forever()
