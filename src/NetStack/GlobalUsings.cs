global using NetStack.Autoconfiguration;
global using NetStack.Link;
global using NetStack.Neighbours;
global using NetStack.Routing;
