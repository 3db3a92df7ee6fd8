global using NetStack.Memory;
global using NetStack.Nic;
global using NetStack.Nic.Virtual;
global using NetStack.Wire;
