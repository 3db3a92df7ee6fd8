using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace NetStack.Kestrel;

/// <summary>What <see cref="NetStackHostKestrelExtensions.StartKestrelAsync"/> starts. Read once.</summary>
public sealed class KestrelHostOptions
{
    /// <summary>The address to listen at; <see cref="IPAddress.IPv6Any"/> is every address of both families.</summary>
    public IPAddress Address { get; set; } = IPAddress.IPv6Any;

    /// <summary>The port, 0 for a free one; null for 80, or 443 with a certificate.</summary>
    public int? Port { get; set; }

    /// <summary>The server's certificate with its private key; null for no TLS. It stays the caller's.</summary>
    public X509Certificate2? Certificate { get; set; }

    /// <summary>The protocols; null for HTTP/1.1 and, with a certificate, HTTP/2. HTTP/2 without TLS has to be asked for alone
    /// (<see cref="HttpProtocols.Http2"/>).</summary>
    public HttpProtocols? Protocols { get; set; }

    /// <summary>The transport's options.</summary>
    public NetStackTransportOptions Transport { get; } = new();

    /// <summary>Changes the application before it is built: services, logging, configuration. It begins with nothing but routing.</summary>
    public Action<WebApplicationBuilder>? ConfigureBuilder { get; set; }

    /// <summary>Changes the server's limits and more.</summary>
    public Action<KestrelServerOptions>? ConfigureServer { get; set; }

    /// <summary>How long stopping waits for requests under way before it aborts their connections.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(5);
}
