"""Confluent's REST wire over the registry's use cases.

HTTP requests come in, JSON in Confluent's shapes leaves, errors included; nothing is decided here.
"""

from registry.http.app import ENDPOINTS, Endpoint, create_app, routes

__all__ = ["ENDPOINTS", "Endpoint", "create_app", "routes"]
