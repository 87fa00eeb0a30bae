"""The interface for other programs, ``/api/v1/``: an open part over what was published, and a part for whoever brings a
token. Doors and what they answer; nothing is decided here.

- ``doors`` what every view shares; ``errors`` every refusal in one shape; ``throttles`` how often
- ``public_*`` and ``result_*`` the open part; ``submissions`` and ``taken`` the part of the counties
- ``shapes*`` what answers look like: the described is the returned; ``told*`` how they are made
- ``document`` the OpenAPI document and the list that holds it stable; ``guide`` the page about it
"""
